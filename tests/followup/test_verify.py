import json

import msgspec
import pytest
from made_findings import make_findings, make_record

from ho_detect.cli import main
from ho_detect.findings import Findings
from ho_detect.followup.comparison import Comparison, LesionChange
from ho_detect.followup.tables import save
from ho_detect.followup.verify import is_comparison, look_over


@pytest.fixture
def out(tmp_path):
    """A comparison of findings with themselves, as it is written."""
    findings = make_findings()
    record = findings.record
    changes = tuple(
        LesionChange(side=x.side, change="matched", earlier_ids=(x.id,), later_ids=(x.id,)) for x in findings.lesions
    )
    comparison = Comparison(
        software=record.software, status="comparable", flags=(), statements=(), interval_days=None,
        earlier=record.series, later=record.series, registration=(), hips=(), lesions=changes,
    )  # fmt: skip
    save(comparison, findings, findings, tmp_path / "out")
    return tmp_path / "out"


def problems(out):
    return list(look_over(out, {name: Findings.load(out / name).record for name in ("earlier", "later")}))


def test_nothing_is_wrong_with_what_was_written(out):
    assert is_comparison(out)
    assert problems(out) == []


def test_another_study_in_the_place_of_one(out):
    other = msgspec.structs.replace(make_record().series, kernel="another")
    record = msgspec.structs.replace(make_record(), series=other)
    (out / "later" / "findings.json").write_bytes(msgspec.json.encode(record))
    assert problems(out) == [("comparison.json", "its later study is not the one in later/")]


def test_a_lesion_that_is_not_told_of(out):
    values = json.loads((out / "comparison.json").read_text())
    del values["lesions"][0]
    (out / "comparison.json").write_text(json.dumps(values))
    assert [place for place, _ in problems(out)] == ["comparison.json", "comparison.json", "comparison.csv"]


def test_a_changed_cell(out):
    table = out / "comparison.csv"
    table.write_text(table.read_text().replace("matched", "gone"))
    assert problems(out) == [("comparison.csv", "its rows are not those of comparison.json")]


@pytest.mark.parametrize(
    ("name", "place"), [("comparison.csv", "comparison.csv"), ("comparison.json", "comparison.json")]
)
def test_a_missing_file(out, name, place):
    (out / name).unlink()
    assert problems(out)[0][0] == place


def test_a_missing_study(out):
    assert next(look_over(out, {})) == ("earlier", "is not there, or its record cannot be read")


def test_the_command_takes_the_folder_of_a_comparison(out, capsys):
    (out / "comparison.csv").write_text("no table")
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(out)])
    assert caught.value.code == 3
    said = capsys.readouterr().out
    assert "comparison.csv: its rows are not those of comparison.json\n" in said
    assert "studies.csv" not in said
