"""Text from files, made fit for a terminal, a table and a log."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Return text that can be written anywhere: control characters and broken encodings become escapes.

    File names and header texts may hold anything, a terminal obeys some of it, and UTF-8 refuses some.

    >>> printable("caf\u00e9\x1b[2J\udcff.dcm")
    'café\\x1b[2J\\udcff.dcm'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
