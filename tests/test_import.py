import subprocess
import sys

import pytest

import ho_detect

HEAVY = ("numpy", "numba", "SimpleITK", "pandas", "arro3", "pyarrow", "matplotlib", "pydicom", "scipy", "skimage")

READERS = (
    "cohort.run.run",
    "cohort.run.shards",
    "cohort.store.collect",
    "cohort.store.verify",
    "results.record",
    "export.provenance",
)


def heavy_after(code: str) -> list[str]:
    """Which heavy modules a fresh interpreter holds after running ``code``."""
    tail = f"import sys; sys.stderr.write(' '.join(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{tail}"], capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize(
    "code",
    [
        "import ho_detect",
        "import ho_detect; ho_detect.Settings(); ho_detect.HoDetectError",
        "import ho_detect.cli",
        "from click.testing import CliRunner; from ho_detect.cli import cli; CliRunner().invoke(cli, ['--help'])",
        "from click.testing import CliRunner; from ho_detect.cli import cli; CliRunner().invoke(cli, ['run', '-h'])",
        "from click.testing import CliRunner; from ho_detect.cli import cli; CliRunner().invoke(cli, ['--version'])",
    ],
)
def test_stays_light(code):
    assert heavy_after(code) == []


@pytest.mark.parametrize("name", READERS)
def test_who_only_reads_records_needs_nothing_that_makes_them(name):
    held = heavy_after(f"import ho_detect.{name}")
    assert set(held) <= {"numpy"}


def test_the_check_can_fail():
    assert heavy_after("import ho_detect; ho_detect.Findings") != []


def test_import_loads_nothing_but_itself_and_the_standard_library():
    said = "import sys; before = set(sys.modules); import ho_detect; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "ho_detect" in loaded
    assert loaded - set(sys.stdlib_module_names) == {"ho_detect"}


def test_all_names_are_there():
    assert {"detect", "compare", "Settings"} <= set(ho_detect.__all__)
    for name in ho_detect.__all__:
        assert getattr(ho_detect, name) is not None
        assert name in dir(ho_detect)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'detec'"):
        ho_detect.detec  # noqa: B018
