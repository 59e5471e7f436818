import stat

import batch_tasks
import pandas as pd
import pytest
from outputs import rows

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards
from ho_detect.errors import UsageError


def options(path):
    return Options(task=batch_tasks.finds_two_lesions, workers=1, link_table=path)


class TestLinkTable:
    def test_leads_from_each_row_to_its_series(self, archive, tmp_path):
        run([archive], tmp_path / "out", None, options(tmp_path / "link.csv"))
        links = pd.read_csv(tmp_path / "link.csv", keep_default_na=False)
        studies = rows(tmp_path / "out")
        assert list(links.series_pseudonym) == [r["series_uid"] for r in studies]
        assert list(links.study_pseudonym) == [r["study_uid"] for r in studies]
        assert list(links.folder) == [r["folder"] or "" for r in studies]
        assert [uid[-2:] for uid in links.series_uid] == [f".{k}" for k in range(1, 9)]
        assert list(links.source) == [str(archive / f"s{k}") for k in range(1, 9)]
        assert set(links.patient_id) == {"SECRET-ID"}

    def test_is_for_its_owner_alone(self, archive, tmp_path):
        (tmp_path / "link.csv").write_text("of an earlier run")
        plan_shards([archive], tmp_path / "out", options=Options(link_table=tmp_path / "link.csv"))
        assert stat.S_IMODE((tmp_path / "link.csv").stat().st_mode) == 0o600

    def test_is_not_written_unasked(self, archive, tmp_path):
        run([archive / "s2"], tmp_path / "out", None, options(None))
        assert [p.name for p in tmp_path.iterdir()] == ["out"]

    @pytest.mark.parametrize("name", ["link.csv", "below/link.csv", "../out/link.csv"])
    def test_not_among_the_results(self, archive, tmp_path, name):
        with pytest.raises(UsageError, match="would lie in OUT"):
            run([archive], tmp_path / "out", None, options(tmp_path / "out" / name))
        assert not (tmp_path / "out").exists()

    def test_that_cannot_be_written_is_said_before_work_starts(self, archive, tmp_path):
        with pytest.raises(UsageError, match="cannot write the linking table: No such file"):
            run([archive], tmp_path / "out", None, options(tmp_path / "no" / "link.csv"))
        assert list((tmp_path / "out").iterdir()) == []
