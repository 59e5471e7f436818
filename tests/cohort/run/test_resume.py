import os
import shutil
import stat
import zipfile
from pathlib import Path

import batch_tasks
import pytest
from outputs import contents, names, rows

from ho_detect.cohort.plan.manifest import read_about, read_plan
from ho_detect.cohort.plan.plan import unpack
from ho_detect.cohort.run import work
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.cohort.store.verify import verify
from ho_detect.errors import HoDetectError, UsageError
from ho_detect.settings import Settings


def options(task=batch_tasks.finds_two_lesions, **changes):
    return Options(**{"task": task, "workers": 1, "time_limit_s": 60} | changes)


def done_in(events):
    """Numbers of the series that were analysed, in order."""
    return [e.row.number for e in events if e.kind == "finished"]


@pytest.fixture
def call(archive, tmp_path):
    """Run over the archive; give report and the numbers of the series that were analysed."""

    def call(*, inputs=(archive,), settings=None, **changes):
        events = []
        report = run(inputs, tmp_path / "out", settings, options(**changes), events.append)
        return report, done_in(events)

    return call


@pytest.fixture(scope="module")
def whole(archive, tmp_path_factory):
    """A run over the archive that was to be resumed: report and folder."""
    out = tmp_path_factory.mktemp("whole")
    return run([archive], out, None, options(resume=True)), out


@pytest.fixture
def before(whole, tmp_path):
    """The report of such a run; what it left is there."""
    report, out = whole
    shutil.copytree(out, tmp_path / "out")
    return report


class TestOrder:
    def test_the_largest_series_first(self, call):
        assert call()[1] == [3, 5, 1, 6, 4, 2]

    def test_tables_keep_the_order_of_the_index(self, call, tmp_path):
        call()
        assert [r["number"] for r in rows(tmp_path / "out")] == list(range(1, 9))
        assert [r["number"] for r in rows(tmp_path / "out", "timings")] == [1, 2, 3, 4, 5, 6]

    def test_pace_counts_what_is_left(self, archive, tmp_path):
        events = []
        run([archive], tmp_path / "out", None, options(), events.append)
        times_left = [e.time_left for e in events if e.kind == "finished"]
        assert all(p.per_minute > 0 for p in times_left)
        assert times_left[-1].seconds_left == 0 < times_left[0].seconds_left


class TestAnatomy:
    """Masks are part of what a result is made from."""

    @pytest.fixture
    def masks(self, tmp_path):
        for name in ("s1", "s5"):
            (tmp_path / "masks" / name).mkdir(parents=True)
            (tmp_path / "masks" / name / "femur_left.nii.gz").write_bytes(b"as it was")
        return tmp_path / "masks"

    @pytest.fixture
    def resume(self, archive, masks, tmp_path):
        def resume(anatomy=masks):
            events = []
            run([archive], tmp_path / "out", None, options(resume=True), events.append, anatomy)
            return done_in(events)

        return resume

    def test_only_what_has_other_masks_is_done_again(self, resume, masks):
        assert sorted(resume()) == [1, 2, 3, 4, 5, 6]
        assert resume() == []
        (masks / "s5" / "femur_left.nii.gz").write_bytes(b"drawn anew")
        assert resume() == [5]
        (masks / "s1" / "sacrum.nii.gz").write_bytes(b"one more")
        assert resume() == [1]
        assert resume(None) == [5, 1]

    def test_a_shard_finds_the_masks_that_were_planned(self, archive, masks, tmp_path):
        plan = plan_shards([archive], tmp_path / "plan", anatomy=masks)
        about = read_about(tmp_path / "plan" / "manifest.parquet")
        read = read_plan(tmp_path / "plan" / "manifest.parquet", about, plan.pseudonyms)
        assert [one.masks for one in read.series] == [one.masks for one in plan.series]
        assert {Path(os.fsdecode(one.masks)).name for one in read.series if one.masks} == {"s1", "s5"}
        without = [one.row.number for one in read.series if one.analyse and unpack(one.entry).notes]
        assert without == [2, 3, 4, 6]


class TestResume:
    def test_does_only_what_is_not_done(self, call, tmp_path):
        assert call(limit=2, resume=True)[1] == [3, 5]
        assert [r["status"] for r in rows(tmp_path / "out")].count("waiting") == 4
        report, done = call(resume=True)
        assert done == [1, 6, 4, 2]
        assert (len(report.folders), report.waiting) == (6, [])
        assert call(resume=True)[1] == []

    def test_equals_a_run_at_once(self, call, tmp_path, archive, key_file):
        for _ in range(3):
            call(limit=2, resume=True, key_file=key_file)
        run([archive], tmp_path / "once", None, options(key_file=key_file))
        assert contents(tmp_path / "out") == contents(tmp_path / "once")
        # record and label map of each series; three tables, each twice; the page over all, the dictionary
        assert len(contents(tmp_path / "once")) == 6 * 2 + 3 * 2 + 2

    def test_dicom_equals_that_of_a_run_at_once_but_for_dates_and_times(self, call, tmp_path, archive, key_file):
        inputs = (archive / "s2", archive / "s4")
        settings = Settings.from_dict({"output": {"dicom": True}})
        how = {"key_file": key_file, "task": batch_tasks.finds_measured_lesions}
        for _ in range(2):
            call(inputs=inputs, settings=settings, limit=1, resume=True, **how)
        run(inputs, tmp_path / "once", settings, options(**how))
        assert contents(tmp_path / "out") == contents(tmp_path / "once")
        written = sorted((tmp_path / "once").rglob("*.dcm"))
        assert {path.name for path in written} >= {"segmentation.dcm", "report.dcm", "picture-01.dcm", "picture-02.dcm"}

    def test_after_a_run_that_was_not_to_be_resumed(self, call):
        report, _ = call(limit=2)
        again, done = call(resume=True)
        assert done == [1, 6, 4, 2]
        assert set(report.folders) < set(again.folders)

    @pytest.mark.usefixtures("before")
    def test_other_settings_are_other_results(self, call):
        other = Settings.from_dict({"judge": {"min_volume_mm3": 99.0}})
        assert call(resume=True, settings=other)[1] == [3, 5, 1, 6, 4, 2]
        assert call(resume=True, settings=other)[1] == []

    @pytest.mark.usefixtures("before")
    def test_a_file_that_changed_is_another_input(self, call, archive):
        path = next((archive / "s2").iterdir())
        was = path.stat()
        os.utime(path, ns=(0, was.st_mtime_ns + 1))
        assert call(resume=True)[1] == [2]
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))  # other tests share it

    def test_an_archive_that_changed_is_another_input(self, call, archive, tmp_path):
        zipped = tmp_path / "in.zip"
        with zipfile.ZipFile(zipped, "w") as file:
            for path in (archive / "s2").iterdir():
                file.write(path, path.name)
        assert call(resume=True, inputs=[zipped])[1] == [1]
        assert call(resume=True, inputs=[zipped])[1] == []
        os.utime(zipped, ns=(0, zipped.stat().st_mtime_ns + 1))
        assert call(resume=True, inputs=[zipped])[1] == [1]

    @pytest.mark.usefixtures("before")
    def test_an_archive_may_move(self, call, archive, tmp_path):
        (tmp_path / "link").symlink_to(archive)
        assert call(resume=True, inputs=[tmp_path / "link"])[1] == []

    def test_a_result_that_is_lost_or_broken_is_made_again(self, before, call, tmp_path):
        one, two = (tmp_path / "out" / before.studies[k].folder / "findings.json" for k in (1, 2))
        one.unlink()
        two.write_text("{")
        assert call(resume=True)[1] == [3, 2]
        assert one.stat().st_size
        assert two.stat().st_size

    def test_failed_series_are_done_again_on_request(self, call):
        report, _ = call(resume=True, task=batch_tasks.second_exits)
        assert [r.number for r in report.failed] == [2, 7]
        again, done = call(resume=True)
        assert done == []
        assert again.failed == report.failed
        again, done = call(resume=True, retry_failed=True)
        assert done == [2]
        assert [r.number for r in again.failed] == [7]

    def test_a_series_that_fails_now_loses_its_older_result(self, before, call, tmp_path):
        other = Settings.from_dict({"judge": {"min_volume_mm3": 99.0}})
        call(resume=True, settings=other, task=batch_tasks.second_exits)
        assert before.studies[1].folder not in names(tmp_path / "out")
        assert before.studies[0].folder in names(tmp_path / "out")

    @pytest.mark.usefixtures("before")
    def test_without_it_all_is_done_again(self, call):
        assert call(overwrite=True)[1] == [3, 5, 1, 6, 4, 2]

    @pytest.mark.usefixtures("before")
    def test_without_a_word_what_is_there_is_left(self, call):
        with pytest.raises(UsageError, match="--overwrite"):
            call()


@pytest.fixture(scope="module")
def write_to(archive, key_file):
    def write_to(out, *, limit=None, **output):
        """Write outputs of two series; return for each whether it was analysed (True) or only written (False)."""
        settings, seconds = Settings.from_dict({"output": output}), []
        given = options(batch_tasks.analyses, resume=True, report=False, key_file=key_file, limit=limit)
        tell = lambda event: seconds.append(event.seconds) if event.kind == "finished" else None  # noqa: E731
        run([archive / "s2", archive / "s4"], out, settings, given, tell)
        return [s == 0.5 for s in seconds]

    return write_to


@pytest.fixture(scope="module")
def plain(write_to, tmp_path_factory):
    out = tmp_path_factory.mktemp("plain")
    assert write_to(out) == [True, True]
    return out


class TestOutputs:
    """What is written of a result is no part of what is found: asking for more of it needs no second analysis."""

    @pytest.fixture
    def write(self, write_to, tmp_path):
        return lambda name="out", **given: write_to(tmp_path / name, **given)

    @pytest.fixture
    def written(self, plain, tmp_path):
        """What was written when nothing was asked for is there."""
        shutil.copytree(plain, tmp_path / "out")

    @pytest.fixture
    def files(self, tmp_path):
        def files(name="out"):
            return {
                path.relative_to(tmp_path / name): path.read_bytes()
                for path in (tmp_path / name).glob("series-*/*")
                if path.name != "provenance.json"  # times
            }

        return files

    @pytest.mark.parametrize("more", [{"fhir": True}, {"dicom": True}, {"keep_identity": True}], ids=str)
    @pytest.mark.usefixtures("written")
    def test_what_is_asked_for_later_is_written_without_an_analysis(self, write, files, more):
        assert write(**more) == [False, False]
        assert write(**more) == []
        assert write("once", **more) == [True, True]
        assert files().keys() == files("once").keys()
        # DICOM objects hold the times at which they were made
        differing = [p.name for p, data in files().items() if data != files("once")[p]]
        assert all(name.endswith(".dcm") for name in differing)
        assert len(files()) >= 4

    @pytest.mark.usefixtures("written")
    def test_provenance_is_that_of_the_files_that_are_there(self, write, tmp_path):
        write(fhir=True)
        assert [p.message for p in verify(tmp_path / "out").problems] == []
        assert len(list(tmp_path.glob("out/series-*/fhir.json"))) == 2

    @pytest.mark.usefixtures("written")
    def test_native_bone_needs_the_analysis(self, write, tmp_path):
        assert write(bones=True) == [True, True]
        assert len(list(tmp_path.glob("out/series-*/native_bone.nii.gz"))) == 2

    def test_what_is_there_and_not_asked_for_again_stays(self, write, files):
        write(fhir=True)
        before = files()
        assert write() == []
        assert files() == before

    def test_an_identity_that_is_not_to_be_kept_any_more_goes(self, write, files):
        write(keep_identity=True)
        assert any(b"1.2.826.0.1.3680043.8.498.1.2" in data for data in files().values())
        assert write() == [False, False]
        assert not any(b"1.2.826.0.1.3680043.8.498.1.2" in data for data in files().values())

    @pytest.mark.usefixtures("written")
    def test_other_names_are_given_to_what_is_there(self, write, tmp_path):
        assert write(naming="bids") == []
        assert len(list(tmp_path.glob("out/sub-*/ses-*/ct/*_dseg.nii.gz"))) == 2

    @pytest.mark.usefixtures("written")
    def test_what_waits_for_an_output_is_still_known_after_a_stop(self, write, tmp_path):
        assert write(fhir=True, limit=1) == [False]
        assert sorted(r["status"] == "waiting" for r in rows(tmp_path / "out")) == [False, True]
        assert write(fhir=True) == [False]

    @pytest.mark.usefixtures("written")
    def test_a_result_that_is_broken_is_found_again(self, write, tmp_path):
        for path in (tmp_path / "out").glob("series-*/lesions.nii.gz"):
            path.write_bytes(b"cut")
        assert write(fhir=True) == [True, True]


class TestKey:
    @pytest.mark.usefixtures("before")
    def test_stays_for_the_next_run_that_resumes(self, tmp_path):
        key = tmp_path / "out" / ".ho-detect" / "key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700

    def test_is_forgotten_when_all_is_done(self, call, tmp_path, archive):
        two = [archive / "s2", archive / "s4"]
        call(inputs=two, limit=1)
        assert (tmp_path / "out" / ".ho-detect" / "key").exists()
        call(inputs=two, overwrite=True)
        assert ".ho-detect" not in names(tmp_path / "out")

    def test_of_the_user_is_not_copied(self, call, tmp_path, archive, key_file):
        call(inputs=[archive / "s2"], resume=True, key_file=key_file)
        held = [p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()]
        assert len(held) > 0
        assert not any(key_file.read_bytes() in data for data in held)

    def test_results_without_one_cannot_be_known_again(self, call, archive):
        call(inputs=[archive / "s2"])
        with pytest.raises(UsageError, match="key was not kept"):
            call(inputs=[archive / "s2"], resume=True)

    @pytest.mark.usefixtures("before")
    def test_private_files_name_no_one(self, tmp_path):
        private = [path for path in (tmp_path / "out" / ".ho-detect").rglob("*") if path.is_file()]
        assert len(private) > 0
        for path in private:
            data = path.read_bytes()
            assert b"Secret" not in data
            assert b"1.2.826" not in data


class TestEndBeforeItsTime:
    def test_fail_fast(self, call):
        report, done = call(fail_fast=True, task=batch_tasks.fifth_exits)
        assert done == [3, 5]
        assert report.stopped == "series 5 failed"
        assert [r.reason for r in report.studies[:6]] == [
            *["interrupted"] * 2,
            None,
            "interrupted",
            "crashed",
            "interrupted",
        ]
        assert call(resume=True)[1] == [1, 6, 4, 2]

    def test_what_cannot_be_indexed_is_no_reason_to_stop(self, call):
        assert call(fail_fast=True)[0].stopped == ""

    def test_tables_that_cannot_be_written_during_the_run(self, call, monkeypatch):
        monkeypatch.setattr(work, "_TABLES_EVERY_S", 0.0)
        monkeypatch.setattr(work, "_TABLES_SHARE", 1e9)

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(work.ResultStore, "write_tables", full)
        with pytest.raises(HoDetectError, match=r"No space left on device \(1 of 6 series done"):
            call()

    def test_tables_grow_during_the_run(self, archive, tmp_path, monkeypatch):
        monkeypatch.setattr(work, "_TABLES_EVERY_S", 0.0)
        monkeypatch.setattr(work, "_TABLES_SHARE", 1e9)
        seen = []

        def look(event):
            if event.kind == "started" and event.n_done:
                seen.append([r["status"] for r in rows(tmp_path / "out")].count("waiting"))

        run([archive], tmp_path / "out", None, options(), look)
        assert seen == [5, 4, 3, 2]


class TestTwoProcesses:
    def test_parts_work_side_by_side_and_a_run_alone(self, tmp_path):
        with OutputFolder(tmp_path, "1-of-2"), OutputFolder(tmp_path, "2-of-2"):
            with (
                pytest.raises(UsageError, match="another ho-detect run is doing this part"),
                OutputFolder(tmp_path, "1-of-2"),
            ):
                pass
            with pytest.raises(UsageError, match="another ho-detect run is writing"), OutputFolder(tmp_path):
                pass
        with OutputFolder(tmp_path), pytest.raises(UsageError, match="another"), OutputFolder(tmp_path, "1-of-2"):
            pass

    def test_a_lock_that_was_removed_meanwhile_is_no_lock(self, tmp_path):
        with OutputFolder(tmp_path) as output:
            output.forget_at_the_end()
            handle = os.open(output.private / "lock", os.O_RDWR)
        os.close(handle)
        with OutputFolder(tmp_path), pytest.raises(UsageError, match="another"), OutputFolder(tmp_path):
            pass

    def test_where_files_cannot_be_locked(self, tmp_path, monkeypatch):
        def refuse(*_):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("fcntl.flock", refuse)
        with OutputFolder(tmp_path, "1-of-2") as one, OutputFolder(tmp_path, "1-of-2") as two:
            assert one.staging != two.staging
