"""A page in headless Chromium, with all that it says and asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

#: Chromium draws WebGL without a graphics card.
_SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_QUIET = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync")  # fmt: skip


@dataclass
class Opened:
    """A page that was opened; ``said`` are console messages and errors, ``asked`` addresses of other things."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def chromium_path() -> str:
    """Return where Chromium is: HO_DETECT_CHROMIUM, or on the search path; skips the test where it is absent."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    path = os.environ.get("HO_DETECT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (HO_DETECT_CHROMIUM says where it is)")
    return path


@contextmanager
def browser() -> Iterator[Any]:
    """Give a browser that is closed at the end."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*_QUIET, *_SOFTWARE_GL])
        yield running
        running.close()


def opened(running: Any, path: Path, before: str = "", **context: Any) -> Opened:
    """Open a file in a context of its own (``color_scheme``, ``viewport``, ...) after a script, and listen to it.

    What was open is closed: it would go on drawing.
    """
    for before_it in running.contexts:
        before_it.close()
    page = running.new_context(**context).new_page()
    page.add_init_script(before)
    result = Opened(page)
    own = path.as_uri()
    page.on("console", lambda message: result.said.append(message.text))
    page.on("pageerror", lambda error: result.said.append(str(error)))
    page.on("dialog", lambda dialog: result.said.append(dialog.message))
    page.on(
        "request", lambda request: None if request.url.startswith(("data:", own)) else result.asked.append(request.url)
    )
    page.goto(own)
    return result
