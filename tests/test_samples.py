"""The studies that ship with the project, through the command line: what is found is what is written beside them."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

SAMPLES = Path(__file__).parents[1] / "sample_dicom"
STUDIES = sorted(path.parent.name for path in SAMPLES.glob("*/expected.json"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run on all of them; return the process and the output folder."""
    out = tmp_path_factory.mktemp("findings")
    command = [sys.executable, "-m", "ho_detect", "run", str(SAMPLES), "--out", str(out), "--workers", "1", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False), out


def expected(name):
    return json.loads((SAMPLES / name / "expected.json").read_text(encoding="utf-8"))


def found(run, name):
    """Return the folder and the findings of a study: pseudonyms hide its name, its hips lie where they lie."""
    truth = {h["side"]: h["center_lps_mm"] for h in expected(name)["hips"]}
    folders = []
    for path in sorted(run[1].glob("*/findings.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if all(math.dist(h["center_lps_mm"], truth[h["side"]]) < 30 for h in record["hips"]):
            folders.append((path.parent, record))
    ((folder, record),) = folders
    return folder, record


def rows(run, table):
    with (run[1] / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_three_and_all_were_analysed(run):
    process, _ = run
    assert process.returncode == 0, process.stderr
    assert len(STUDIES) == 3
    assert [row["status"] for row in rows(run, "studies")] == ["ok"] * 3
    assert len(rows(run, "summary")) == 6
    assert len(rows(run, "lesions")) == sum(len(expected(name)["lesions"]) for name in STUDIES)
    assert len(json.loads(process.stdout)["studies"]) == 3


@pytest.mark.parametrize("name", STUDIES)
class TestEachStudy:
    def test_hips(self, run, name):
        _, record = found(run, name)
        hips = {h["side"]: h for h in record["hips"]}
        assert len(hips) > 0
        for truth in expected(name)["hips"]:
            hip = hips[truth["side"]]
            assert hip["status"] == "assessed"
            assert math.dist(hip["center_lps_mm"], truth["center_lps_mm"]) < 5
            assert hip["head_radius_mm"] == pytest.approx(truth["head_radius_mm"], abs=2)

    def test_every_lesion_and_no_other(self, run, name):
        _, record = found(run, name)
        left = list(record["lesions"])
        for truth in expected(name)["lesions"]:
            (one,) = (x for x in left if math.dist(x["centroid_lps_mm"], truth["centroid_lps_mm"]) < 5)
            left.remove(one)
            for said in ("side", "sector", "maturity", "attached_to"):
                assert one[said] == truth[said], said
            assert one["volume_mm3"] == pytest.approx(truth["volume_mm3"], rel=0.1)
        assert left == []

    def test_finding_of_each_hip(self, run, name):
        _, record = found(run, name)
        with_lesion = {x["side"] for x in expected(name)["lesions"]}
        assert len(record["hips"]) > 0
        for hip in record["hips"]:
            assert (hip["finding"] == "present") == (hip["side"] in with_lesion)

    def test_label_map_lies_where_the_lesions_are(self, run, name):
        folder, record = found(run, name)
        image = nibabel.load(folder / "lesions.nii.gz")
        labels = np.asarray(image.dataobj)
        assert set(np.unique(labels)) == {0, *(x["id"] for x in record["lesions"])}
        for lesion in record["lesions"]:
            at = np.argwhere(labels == lesion["id"])
            ras = nibabel.affines.apply_affine(image.affine, at.mean(axis=0))
            assert ras * [-1, -1, 1] == pytest.approx(lesion["centroid_lps_mm"], abs=0.1)
            volume = len(at) * abs(np.linalg.det(image.affine[:3, :3]))
            assert volume == pytest.approx(lesion["volume_mm3"], rel=0.001)
