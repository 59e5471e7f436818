"""Names of the user's files, folders and archives hold patients' names: they stand where that is asked for."""

import csv
import logging
import re

import pytest
from named_after_patients import NAMES, write_disk
from outputs import rows

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards, run_shard
from ho_detect.settings import Settings


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    return write_disk(tmp_path_factory.mktemp("disk"))


def failed(out):
    return [row for row in rows(out) if row["status"] == "failed"]


def test_are_stand_ins_in_all_that_is_written(disk, tmp_path, key_file, caplog):
    options = Options(workers=1, key_file=key_file, link_table=tmp_path / "link.csv")
    with caplog.at_level(logging.DEBUG, "ho_detect"):
        run([disk], tmp_path / "out", None, options)
    stood = failed(tmp_path / "out")
    assert sorted(row["reason"] for row in stood) == ["decode_failed", "unreadable", "unreadable"]
    assert all(re.search("file-[0-9a-f]{12}", row["message"]) for row in stood)
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == 10
    for name in NAMES:
        assert not any(name.encode() in data for data in written)
        assert name not in caplog.text
    links = list(csv.DictReader((tmp_path / "link.csv").read_text(encoding="utf-8").splitlines()))
    named = {link["file_pseudonym"]: link["file"] for link in links if link["file"]}
    assert len(named) == 3
    for row in stood:
        link = links[row["number"] - 1]
        assert link["file_pseudonym"] in row["message"]
        assert link["file"].startswith((NAMES[1], NAMES[2]))


def test_are_true_where_identity_is_kept(disk, tmp_path):
    settings = Settings.from_dict({"output": {"keep_identity": True}})
    run([disk], tmp_path / "out", settings, Options(workers=1))
    assert len([row for row in failed(tmp_path / "out") if any(name in row["message"] for name in NAMES)]) == 3


def test_a_plan_links_what_its_shards_failed_by(disk, tmp_path):
    plan_shards([disk], tmp_path / "out")
    run_shard(tmp_path / "out" / "manifest.parquet", None, Options(workers=1))
    plan_shards([disk], tmp_path / "out", options=Options(link_table=tmp_path / "link.csv"))
    links = list(csv.DictReader((tmp_path / "link.csv").read_text(encoding="utf-8").splitlines()))
    assert len([link for link in links if link["file"]]) == 3
