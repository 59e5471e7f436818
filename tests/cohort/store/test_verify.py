"""A run looked over again: nothing to say of one as it was written, and each fault is named."""

import gzip
import json
import shutil

import batch_tasks
import pyarrow.parquet as pq
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.cli import main
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.store.verify import verify
from ho_detect.errors import UsageError
from ho_detect.export.parquet import read_parquet, write_parquet

UID = "1.2.826.0.1.3680043.8.498"


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    for k in (1, 2):
        write_series(folder / str(k), CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.2.{k}"))
    return folder


@pytest.fixture(scope="module")
def written(studies, tmp_path_factory):
    out = tmp_path_factory.mktemp("written")
    run([studies], out, options=Options(task=batch_tasks.finds_measured_lesions))
    return out


@pytest.fixture
def out(written, tmp_path):
    """A copy, to be damaged."""
    return shutil.copytree(written, tmp_path / "out")


def folder_of(out):
    return sorted(path.parent for path in out.glob("*/findings.json"))[0]


def said(out):
    return {f"{p.place.split('/')[-1]}: {p.message}" for p in verify(out).problems}


def edit_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def set_path(values, *keys, to):
    for key in keys[:-1]:
        values = values[key]
    values[keys[-1]] = to


def test_nothing_is_wrong_with_what_was_written(out, capsys):
    assert verify(out).n_results == 2
    assert said(out) == set()
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(out)])
    assert caught.value.code == 0
    assert "2 results, all is well" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["findings.json", "lesions.nii.gz", "provenance.json"])
def test_a_missing_file(out, name):
    (folder_of(out) / name).unlink()
    assert any(line.startswith(f"{name}: cannot be read") for line in said(out))


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (("lesions", 0, "volume_mm3"), 1.0, "lesion 1 has"),
        (("lesions", 0, "id"), 9, "label 1 is no lesion of the record"),
        (("lesions", 0, "side"), "up", "does not fit the schema"),
        (("hips", 0, "n_lesions"), 5, "left hip: 5 lesions, 1 are listed"),
        (("hips", 0, "total_volume_mm3"), 5.0, "left hip: 5.0 mm3"),
        (("series", "rows"), 7, "size"),
        (("software", "settings", "judge", "min_volume_mm3"), 7.0, "digest of the settings"),
        (("schema_version",), "0.9", "schema version 0.9"),
    ],
)
def test_a_changed_record(out, keys, value, problem):
    edit_json(folder_of(out) / "findings.json", lambda v: set_path(v, *keys, to=value))
    lines = said(out)
    assert any(problem in line for line in lines), lines
    assert "findings.json: is not the file that was written: its SHA-256 differs" in lines


def test_a_changed_label_map(out):
    path = folder_of(out) / "lesions.nii.gz"
    data = bytearray(gzip.decompress(path.read_bytes()))
    place = data.index(1, 352)
    data[place] = 4
    path.write_bytes(gzip.compress(bytes(data)))
    lines = said(out)
    assert "lesions.nii.gz: label 4 is no lesion of the record" in lines
    assert any("its SHA-256 differs" in line for line in lines)
    assert any("lesion 1 has" in line for line in lines)


def test_a_name_that_leads_out_of_the_folder(out):
    edit_json(folder_of(out) / "provenance.json", lambda v: v["files"].update({"../../x": "0"}))
    assert said(out) == {"provenance.json: names a file outside of its folder"}


class TestTables:
    def test_a_changed_cell(self, out):
        text = (out / "lesions.csv").read_text()
        (out / "lesions.csv").write_text(text.replace("anterior", "posterior", 1))
        (line,) = said(out)
        assert line.startswith("lesions.csv: the rows of series-")

    def test_a_missing_row(self, out):
        lines = (out / "summary.csv").read_text().splitlines(keepends=True)
        (out / "summary.csv").write_text("".join(lines[:-1]))
        assert len(said(out)) == 1

    def test_parquet_is_read_too(self, out):
        write_parquet(out / "summary.parquet", read_parquet(out / "summary.parquet").slice(0, 1))
        assert {line.split(":")[0] for line in said(out)} == {"summary.parquet"}

    def test_parquet_that_something_else_wrote(self, out):
        pq.write_table(pq.read_table(out / "summary.parquet"), out / "summary.parquet")
        assert said(out) == {"summary: a table cannot be read (NoParquetError)"}

    def test_no_table(self, out):
        (out / "summary.csv").unlink()
        assert said(out) == {"summary: a table cannot be read (FileNotFoundError)"}

    def test_a_result_that_is_gone(self, out):
        for path in folder_of(out).iterdir():
            path.unlink()
        assert any(line.startswith("studies.csv: series-") for line in said(out))


def test_exit_status_and_json(out, capsys):
    (folder_of(out) / "lesions.nii.gz").unlink()
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(out), "--json"])
    assert caught.value.code == 3
    found = json.loads(capsys.readouterr().out)
    assert found["n_results"] == 2
    assert found["problems"]


def test_nothing_to_look_over(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            verify(path)
