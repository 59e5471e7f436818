"""Masks and readers against results: what is written says the same as what was painted."""

import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk  # noqa: N813
from made_findings import make_findings, make_hip, make_record

from ho_detect.agreement.agree import agree_folders
from ho_detect.agreement.record import Agreement
from ho_detect.agreement.save import save
from ho_detect.cli import main

pytest.importorskip("pingouin")
SHARED = Path(os.environ.get("HO_DETECT_SHARED", Path(__file__).parents[3] / "shared")) / "evaluation"


def write_mask(path, labels, grid):
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(grid.to_simpleitk(labels), str(path))


@pytest.fixture
def cohort(tmp_path):
    """Four results and masks of them: equal, larger, missed, with a false lesion."""
    findings = make_findings()
    for k, change in enumerate(("equal", "larger", "missed", "false")):
        findings.save(tmp_path / "results" / change / f"series-{k}")
        labels = findings.labels.copy()
        if change == "larger":
            first = np.argwhere(labels == 1).min(axis=0)
            labels[first[0], first[1] - 1, first[2]] = 1
        if change == "missed":
            labels[1:3, 1:3, 1:3] = 9
        if change == "false":
            labels[labels == 2] = 0
        write_mask(tmp_path / "masks" / f"{change}.nii.gz", labels, findings.grid)
    return tmp_path


def test_every_series_and_lesion_is_counted(cohort):
    found = agree_folders(cohort / "masks", cohort / "results")
    counts = {row.case: (row.n_reference, row.n_found, row.n_missed, row.n_false) for row in found.cases}
    assert counts == {
        "series-0": (2, 2, 0, 0), "series-1": (2, 2, 0, 0), "series-2": (3, 2, 1, 0), "series-3": (1, 1, 0, 1),
    }  # fmt: skip
    assert (found.sensitivity.value, found.sensitivity.n, found.n_false) == (7 / 8, 8, 1)
    first = found.cases[0]
    assert (first.dice, first.hausdorff_mm, first.surface_dice, first.volume_difference_mm3) == (1.0, 0.0, 1.0, 0.0)
    assert [row.outcome for row in found.lesions].count("missed") == 1
    assert found.grades == ()


def test_two_readers(cohort):
    """The same results, but that the second reader grades one hip otherwise."""
    record = make_record()
    other = msgspec.structs.replace(record, hips=(make_hip("left", brooker_ct="III"), record.hips[1]))
    for k in range(3):
        for reader, said in (("a", record), ("b", other if k == 0 else record)):
            make_findings(record=said).save(cohort / reader / f"series-{k}")
    found = agree_folders(cohort / "a", cohort / "b")
    (brooker,) = (g for g in found.grades if g.name == "brooker_ct")
    assert brooker.kappa.n == 6
    assert brooker.table["II"]["III"] == 1
    assert sum(n for row in brooker.table.values() for n in row.values()) == 6
    assert found.cases[0].reference == "result"
    assert found.volume_icc.why == "all values are equal"


def test_what_is_written_is_what_was_found(cohort, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["agree", str(cohort / "masks"), str(cohort / "results"), "--out", str(cohort / "out")])
    assert caught.value.code == 0
    found = agree_folders(cohort / "masks", cohort / "results")
    out = cohort / "out"
    assert msgspec.json.decode((out / "agreement.json").read_bytes(), type=Agreement) == msgspec.json.decode(
        msgspec.json.encode(found), type=Agreement
    )
    cases = pd.read_csv(out / "agreement_cases.csv")
    assert list(cases.case) == [row.case for row in found.cases]
    assert pd.read_parquet(out / "agreement_lesions.parquet").outcome.value_counts().to_dict() == {
        "found": 7, "missed": 1, "false": 1,
    }  # fmt: skip
    page = (out / "agreement.html").read_text()
    assert "0.88 (0.53 to 0.98)" in page
    assert "http" not in page.replace("http-equiv", "")
    assert (out / "bland_altman.png").read_bytes().startswith(b"\x89PNG")
    assert "found 0.88 (0.53 to 0.98), 1 false" in capsys.readouterr().out
    # names of masks may be names of patients
    assert "larger" not in page + (out / "agreement.json").read_text()


def test_nothing_but_empty_series(tmp_path):
    findings = make_findings()
    findings.save(tmp_path / "results" / "series-0")
    write_mask(tmp_path / "masks" / "series-0.nii.gz", np.zeros(findings.grid.shape, np.uint16), findings.grid)
    found = agree_folders(tmp_path / "masks", tmp_path / "results")
    assert found.median_dice is None
    assert (found.sensitivity.value, found.sensitivity.why) == (None, "there is nothing to count")
    assert found.n_false == 2
    save(found, tmp_path / "out")


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "score.py").is_file(), reason="the shared evaluation is not there")
def test_figures_are_those_of_the_shared_scorer(cohort, monkeypatch):
    monkeypatch.syspath_prepend(str(SHARED))
    monkeypatch.delitem(sys.modules, "score", raising=False)
    import score

    found = agree_folders(cohort / "masks", cohort / "results")
    assert len(found.cases) == 4
    findings = make_findings()
    names = {"series-0": "equal", "series-1": "larger", "series-2": "missed", "series-3": "false"}
    for row, name in ((row, names[row.case]) for row in found.cases):
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(cohort / "masks" / f"{name}.nii.gz"))).astype(np.int16)
        case = cohort / "cases" / name
        case.mkdir(parents=True)
        origin, spacing = findings.grid.origin_lps_mm, np.array(findings.grid.spacing_mm)
        nothing = np.zeros(labels.shape, bool)
        np.savez(case / "truth.npz", lesions=labels, dont_care=nothing, origin=origin, spacing=spacing)
        numbers = [int(n) for n in np.unique(labels) if n]
        plain = {"kind": "x", "maturity": "mixed", "side": "left", "sector": "x", "attached": False, "bridging": False}
        voxel = findings.grid.voxel_volume_mm3
        lesions = [plain | {"label": n, "volume_mm3": int((labels == n).sum()) * voxel} for n in numbers]
        (case / "truth.json").write_text(json.dumps({"case": name, "lesions": lesions, "hips": {}}))
        said = score.score_case(case, cohort / "results" / name)
        assert row.dice == said["dice"]
        assert (row.n_found, row.n_false) == (sum(r["found"] for r in said["lesions"]), len(said["false"]))
        assert [x.cover for x in found.lesions if x.case == row.case and x.outcome != "false"] == [
            r["cover"] for r in said["lesions"]
        ]
        assert (row.reference_volume_mm3 / 1000, row.result_volume_mm3 / 1000) == pytest.approx(
            (said["truth_ml"], said["found_ml"]), abs=5e-4
        )
