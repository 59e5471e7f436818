"""The inspect command: which series there are, numbered as a run numbers them; it writes nothing."""

import json
import re

import pandas as pd
from identities import IDENTITY


class TestInspect:
    def test_table(self, call, studies, faulty):
        status, out, err = call("inspect", studies, faulty)
        assert (status, err) == (0, "")
        assert len(out.splitlines()) == 6
        assert "48 files looked at, 2 of them no DICOM: 1 .dcm, 1 of another ending or none" in out
        assert re.search(r"1 +1 +CT +16 +40x44 +2\.50 +1\.80 +analysed", out)
        assert re.search(r"2 .*MR .*left out .*not a CT", out)
        assert re.search(r"3 .*failed .*too many slices are missing", out)
        assert not IDENTITY.search(out)

    def test_json(self, call, studies):
        status, out, _ = call("inspect", studies, "--json")
        rows = json.loads(out)
        assert status == 0
        assert [(r["number"], r["status"], r["reason"]) for r in rows] == [
            (1, "analyse", None),
            (2, "left_out", "not_ct"),
        ]
        assert not IDENTITY.search(out)

    def test_writes_nothing(self, call, studies, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        before = sorted((p, p.stat().st_mtime_ns) for p in studies.parent.rglob("*"))
        call("inspect", studies)
        assert sorted((p, p.stat().st_mtime_ns) for p in studies.parent.rglob("*")) == before
        assert list(tmp_path.iterdir()) == []

    def test_nothing_found(self, call, tmp_path):
        assert call("inspect", tmp_path)[:2] == (3, "No DICOM series found: there is no file below the inputs.\n")

    def test_what_else_is_there_is_told_by_its_ending(self, call, tmp_path, in_place):
        for name in ("scan.nii.gz", "disc.tgz", "b.TGZ", "report.txt", "scan.Secret_Name"):
            path = tmp_path / "in" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"nothing that can be read")
        kinds = "2 .tgz, 1 .nii.gz, 1 .txt, 1 of another ending or none"
        said = f"No DICOM series found: 5 files looked at, no DICOM: {kinds}."
        assert call("inspect", tmp_path / "in")[:2] == (3, said + "\n")
        status, out, _ = call("run", tmp_path / "in", "--out", tmp_path / "out")
        assert (status, said in out) == (3, True)

    def test_numbers_are_those_of_a_run(self, call, studies, faulty, tmp_path, in_place):
        rows = json.loads(call("inspect", studies, faulty, "--json")[1])
        call("run", studies, faulty, "--out", tmp_path / "out", "--quiet")
        frame = pd.read_csv(tmp_path / "out" / "studies.csv")
        assert [(r["number"], r["modality"], r["n_slices"]) for r in rows] == list(
            zip(frame.number, frame.modality, frame.n_slices, strict=True)
        )
