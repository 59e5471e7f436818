"""What is written is read back, by pyarrow too; what is broken says so by one error, whatever is broken."""

from __future__ import annotations

from contextlib import nullcontext

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.export.parquet import NoParquetError, columns_in, read_parquet, rows_in, write_parquet
from ho_detect.export.tables import arrow_table
from ho_detect.results.rows import StudyRow

ROWS = [
    StudyRow(number=1, study_uid="2.25.1", series_uid="2.25.2", status="ok", flags=("a", "b"), description="Hüfte"),
    StudyRow(number=2, study_uid="2.25.3", series_uid="2.25.4", status="left_out", slice_step_mm=1.0),
]


def written(folder, **how):
    path = folder / "t.parquet"
    write_parquet(path, arrow_table(StudyRow, ROWS), **how)
    return path


def test_both_readers_say_what_was_written(tmp_path):
    path = written(tmp_path, about={"who": "me"})
    rows = rows_in(read_parquet(path))
    assert rows == pq.read_table(path).to_pylist()
    assert [row["flags"] for row in rows] == [["a", "b"], []]
    assert rows[0]["description"] == "Hüfte"
    assert columns_in(read_parquet(path))["slice_step_mm"] == [None, 1.0]
    assert pq.read_schema(path).metadata[b"who"] == b"me"


def test_one_table_gives_the_same_bytes(tmp_path):
    assert written(tmp_path).read_bytes() == written(tmp_path).read_bytes()


@given(st.data())
def test_a_file_that_is_cut_or_altered_is_said_to_be_none(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("a"))
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(NoParquetError):
            read_parquet(path)
        return
    first = data.draw(st.integers(0, len(whole) - 9))
    altered = whole[:first] + data.draw(st.binary(min_size=8, max_size=8)) + whole[first + 8 :]
    path.write_bytes(altered)
    with nullcontext() if altered == whole else pytest.raises(NoParquetError):
        read_parquet(path)


def test_a_stop_by_the_user_is_no_broken_file(tmp_path, monkeypatch):
    path = written(tmp_path)

    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("arro3.io.read_parquet", stopped)
    with pytest.raises(KeyboardInterrupt):
        read_parquet(path)
