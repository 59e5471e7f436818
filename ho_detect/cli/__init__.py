"""The ``ho-detect`` command: one module for each of its commands."""

from ho_detect.cli.group import cli, main

__all__ = ["cli", "main"]
