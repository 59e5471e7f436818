"""Where the library of an extra is missing, one error says so and what to install, before anything is done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings

import ho_detect
from ho_detect.agreement.agree import agree
from ho_detect.agreement.masks import read_mask
from ho_detect.cli import main
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards, run_shard
from ho_detect.errors import UsageError
from ho_detect.export.pictures.browse import SliceBrowser
from ho_detect.followup.follow_up import FollowUp
from ho_detect.image.files import read_image
from ho_detect.pacs.archive import Credentials, connect
from ho_detect.settings import Settings
from ho_detect.system.extras import EXTRAS, need

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: All that only extras bring.
MODULES = sorted({name for modules in EXTRAS.values() for name in modules})
WITH_DICOM = Settings.from_dict({"output": {"dicom": True}})


def named(requirements):
    return {re.match(r"[\w-]+", one)[0] for one in requirements}


@pytest.fixture
def nothing(monkeypatch):
    """Hide every library that only an extra brings."""
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_series(folder, CtSeries())
    return load_findings(folder)


class TestDeclared:
    @pytest.mark.parametrize("extra", EXTRAS)
    def test_each_extra_brings_what_is_said(self, extra):
        assert set(EXTRAS[extra].values()) <= named(PROJECT["optional-dependencies"][extra])

    def test_none_of_it_is_in_the_core(self):
        assert not named(PROJECT["dependencies"]) & {pip for modules in EXTRAS.values() for pip in modules.values()}

    def test_all_is_all(self):
        (one,) = PROJECT["optional-dependencies"]["all"]
        assert set(one.removeprefix("ho-detect[").removesuffix("]").split(",")) == {"cluster", *EXTRAS}

    def test_tests_have_all_that_can_be_missing(self):
        declared = PROJECT["optional-dependencies"]["test"]
        whole = next(one for one in declared if one.startswith("ho-detect["))
        assert set(EXTRAS) - set(re.findall(r"\w+", whole)) == {"notebook"}
        need("a frame", "notebook")


def test_what_is_missing_is_named_and_nothing_else(monkeypatch):
    need("follow-up", "followup")
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(UsageError, match=r"^follow-up needs SimpleITK: pip install 'ho-detect\[followup\]'$"):
        need("follow-up", "followup")
    need("plot()", "followup", "matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="needs matplotlib and SimpleITK: "):
        need("follow-up", "followup")


#: Each call from Python, and what its error says; ``f`` are findings, ``p`` is a folder.
CALLS = {
    "compare": (
        lambda f, p: ho_detect.compare(p / "a", p / "b"),
        "follow-up needs matplotlib and SimpleITK",
        "followup",
    ),
    "follow": (lambda f, p: ho_detect.follow([p / "a", p / "b"]), "follow-up needs", "followup"),
    "compared frame": (lambda f, p: FollowUp(made_comparison(), f, f).frame(), "a frame needs pandas", "notebook"),
    "compared plot": (lambda f, p: FollowUp(None, f, f).plot(), r"plot\(\) needs matplotlib", "followup"),
    "compared report": (lambda f, p: FollowUp(None, f, f).report(p / "r"), r"report\(\) needs matplotlib", "followup"),
    "frame": (lambda f, p: f.lesions_frame(), "a frame needs pandas", "notebook"),
    "plot": (lambda f, p: f.plot(), r"plot\(\) needs matplotlib", "notebook"),
    "show": (lambda f, p: SliceBrowser.of(f), r"show\(\) needs matplotlib", "notebook"),
    "to_simpleitk": (lambda f, p: f.to_simpleitk(), "an image of SimpleITK needs SimpleITK", "followup"),
    "save_dicom": (lambda f, p: f.save_dicom(p / "d"), "DICOM output needs highdicom and matplotlib", "dicom"),
    "run": (lambda f, p: run(p, p / "out", WITH_DICOM), "DICOM output needs", "dicom"),
    "plan": (lambda f, p: plan_shards([p], p / "out", WITH_DICOM), "DICOM output needs", "dicom"),
    "archive": (lambda f, p: connect("https://a/b", Credentials()), "an archive needs dicomweb-client", "pacs"),
    "NRRD": (lambda f, p: read_image(p / "a.nrrd"), "neither DICOM nor NIfTI needs SimpleITK", "followup"),
    "mask": (lambda f, p: read_mask(p / "a.dcm"), "a DICOM Segmentation needs highdicom", "dicom"),
    "agree": (lambda f, p: agree([]), "agreement needs matplotlib and pandas and pingouin and statsmodels", "agree"),
}


def made_comparison():
    return SimpleNamespace(hips=(), lesions=())


@pytest.mark.parametrize("name", CALLS)
def test_each_call_says_what_to_install_and_writes_nothing(name, findings, tmp_path, monkeypatch):
    call, said, extra = CALLS[name]
    for module in MODULES:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=said) as caught:
        call(findings, tmp_path)
    assert str(caught.value).endswith(f": pip install 'ho-detect[{extra}]'")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_plan_with_dicom_is_not_begun_by_a_process_without(tmp_path, monkeypatch):
    write_series(tmp_path / "ct", CtSeries())
    plan_shards([tmp_path / "ct"], tmp_path / "out", WITH_DICOM)
    before = sorted((tmp_path / "out").rglob("*"))
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(UsageError, match="DICOM output needs highdicom"):
        run_shard(tmp_path / "out" / "manifest.parquet")
    assert sorted((tmp_path / "out").rglob("*")) == before


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "a", "b", "--out", "out"], "ho-detect[followup]"),
        (["compare", "a", "b", "c", "--out", "out"], "ho-detect[followup]"),
        (["run", ".", "--out", "out", "--dicom"], "ho-detect[dicom]"),
        (["plan", ".", "--out", "out", "--dicom"], "ho-detect[dicom]"),
        (["pull", "https://a/b", "--out", "out"], "ho-detect[pacs]"),
        (["push", "https://a/b", "out"], "ho-detect[pacs]"),
        (["amend", "result", "--drop", "1", "--reader", "me"], "ho-detect[dicom]"),
    ],
)
def test_a_command_ends_with_that_sentence_and_as_wrong_usage(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "report.dcm").write_bytes(b"")
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("Error: ")]
    assert said in line
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("nothing")
def test_a_notebook_shows_the_rest_without_a_picture(findings):
    html = findings._repr_html_()
    assert "the picture needs matplotlib" in html
    assert "<table" in html
    assert "<img" not in html


def test_a_run_needs_none_of_them(tmp_path):
    # read by every process of the run when it starts
    hidden = [*MODULES, "pyarrow", "requests", "submitit", "ipykernel", "ipyniivue", "IPython"]
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({hidden}))\n")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    out = tmp_path / "out"
    options = ["--out", out, "--workers", "1", "--fhir", "--bones", "--meshes", "--quiet"]
    code = "import sys; sys.modules['matplotlib'] is None or sys.exit(9); from ho_detect.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", ROOT / "sample_dicom" / "bent_bridged", *options],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"index.html", "summary.csv", "summary.parquet", "lesions.parquet"} <= {p.name for p in out.iterdir()}
    (folder,) = out.glob("series-*")
    written = {p.name for p in folder.iterdir()}
    assert {"report.html", "findings.json", "lesions.nii.gz", "thumbnail.webp", "fhir.json", "meshes.3mf"} <= written
