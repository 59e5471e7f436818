"""docs/architecture.md names what is there: every module, every folder at the root, and each record where it says."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted({name for name in re.findall(r"`([\w./]+\.(?:py|md))`", PAGE) if "/" in name})
RECORDS = [
    (record, place)
    for names, places in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ((?:`[\w/]+\.py`(?:, )?)+) \|", PAGE, re.MULTILINE)
    for record, place in zip(
        re.findall(r"`(\w+)`", names),
        re.findall(r"`([\w/.]+)`", places) * (1 if ", `" in places else names.count("`") // 2),
        strict=True,
    )
]


def test_the_page_names_modules_and_records():
    assert len(NAMED) > 20
    assert len(RECORDS) > 12


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name):
    assert any((base / name).is_file() for base in (ROOT, ROOT / "ho_detect", ROOT / "docs")), name


@pytest.mark.parametrize(("record", "place"), RECORDS)
def test_a_record_stands_where_it_says(record, place):
    source = (ROOT / "ho_detect" / place).read_text(encoding="utf-8")
    assert re.search(rf"^class {record}\b", source, re.MULTILINE), f"{record} is not in {place}"


def test_every_folder_is_named():
    folders = {path.parent.name for path in (ROOT / "ho_detect").glob("*/__init__.py")}
    assert len(folders) > 10
    assert {name for name in folders if f"`{name}/" not in PAGE} == set()


@pytest.mark.parametrize(("record", "place"), RECORDS)
def test_a_record_cannot_be_changed(record, place):
    made = getattr(importlib.import_module("ho_detect." + place.removesuffix(".py").replace("/", ".")), record)
    if dataclasses.is_dataclass(made):
        assert made.__dataclass_params__.frozen
    else:
        assert issubclass(made, msgspec.Struct)
        assert made.__struct_config__.frozen
