"""The test of ``ho_detect/a/b.py`` is ``tests/a/test_b.py``: every module has one, but for those named here, each with why."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECORD = "a record and nothing else; what makes it and what reads it have tests"
DECLARED = "declarations and nothing else: tests/settings/test_settings.py and tests/results/test_fields.py go through all"
PAINTED = "a step of simulate(): tests/simulation/test_study.py states what it comes to"
