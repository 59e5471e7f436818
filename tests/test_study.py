import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import msgspec
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from dicom_files import CtSeries, write_series
from made_findings import make_findings, make_record

import ho_detect
from ho_detect.acquisition.series.index import SeriesEntry
from ho_detect.errors import SeriesError, UsageError
from ho_detect.settings import Settings
from ho_detect.study import by_preference, detect

UID = "1.2.826.0.1.3680043.8.498"


def entry(uid="1.1", step_mm=3.0, n_slices=100, **changes):
    values = {
        "identity": uid,
        "study_uid": "1",
        "series_uid": uid,
        "patient_id": "",
        "n_files": n_slices,
        "folder": Path(),
        "n_slices": n_slices,
        "spacing_mm": (step_mm, 0.7, 0.7),
    }
    return SeriesEntry(**values | changes)


class TestByPreference:
    def test_best_first_whatever_the_order(self):
        entries = [entry("a", 3.0), entry("b", 1.0), entry("c", 2.0), entry("d", 0.5, reason="not_hip_region")]
        assert [e.series_uid for e in by_preference(entries)] == ["b", "c", "a"]
        assert [e.series_uid for e in by_preference(entries[::-1])] == ["b", "c", "a"]

    def test_by_uid(self):
        assert [e.series_uid for e in by_preference([entry("a", 3.0), entry("b", 1.0)], "a")] == ["a"]
        with pytest.raises(UsageError, match="UID"):
            by_preference([entry("a")], "c")

    def test_asked_for_but_not_usable(self):
        with pytest.raises(SeriesError) as caught:
            by_preference([entry("a", reason="tilted", detail="12 degrees"), entry("b")], "a")
        assert (caught.value.reason, caught.value.detail) == ("tilted", "12 degrees")

    def test_the_reason_is_that_of_what_came_closest(self):
        left_out = [entry("a", reason="not_ct", n_slices=500), entry("b", reason="localizer", n_slices=2)]
        for entries, reason in (
            (left_out, "localizer"),
            ([*left_out, entry("c", reason="missing_slices")], "missing_slices"),
            ([], "not_ct"),
        ):
            with pytest.raises(SeriesError) as caught:
                by_preference(entries)
            assert caught.value.reason == reason


class TestDetect:
    @pytest.fixture
    def seen(self, monkeypatch):
        """Put an analysis that finds two lesions in place of the true one; give what it was called with."""
        calls = []

        def analyze(volume, settings, anatomy):
            calls.append((volume, settings, anatomy))
            record = msgspec.structs.replace(make_record(), series=volume.series)
            return SimpleNamespace(result=replace(make_findings(volume.grid, record), scan=volume))

        module = ModuleType("ho_detect.analyze")
        module.analyze_with_anatomy = analyze
        monkeypatch.setitem(sys.modules, "ho_detect.analyze", module)
        return calls

    def test_loads_the_series_and_writes_nothing(self, seen, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        write_series(tmp_path / "ct", CtSeries(series_uid=f"{UID}.1.1"))
        before = sorted(tmp_path.rglob("*"))
        settings = Settings.from_dict({"acquisition": {"min_slices": 11}})
        findings = ho_detect.detect(tmp_path / "ct", settings)
        assert len(findings.lesions) == 2
        volume, used, _ = seen[0]
        assert volume.grid.shape == (16, 40, 44)
        assert used == settings
        assert findings.to_dict()["series"]["series_uid"].startswith("2.25.")
        assert sorted(tmp_path.rglob("*")) == before

    def test_takes_a_text_and_the_series_asked_for(self, seen, tmp_path):
        for k, step in ((1, 1.0), (2, 2.5)):
            write_series(tmp_path / str(k), CtSeries(series_uid=f"{UID}.1.{k}", step=step))
        detect(str(tmp_path))
        detect(str(tmp_path), series=f"{UID}.1.2")
        assert [volume.spacing_mm[0] for volume, *_ in seen] == pytest.approx([1.0, 2.5])

    def test_without_a_hip_in_the_best_the_next_is_taken(self, seen, tmp_path, monkeypatch):
        module = sys.modules["ho_detect.analyze"]
        found = module.analyze_with_anatomy

        def no_hip_in_thin(volume, settings, anatomy):
            if volume.spacing_mm[0] < 2:
                raise SeriesError("no_hip_in_view")
            return found(volume, settings, anatomy)

        monkeypatch.setattr(module, "analyze_with_anatomy", no_hip_in_thin)
        write_series(tmp_path / "1", CtSeries(series_uid=f"{UID}.1.1", step=1.0, origin=(-39.0, -40.0, 700.0)))
        write_series(tmp_path / "2", CtSeries(series_uid=f"{UID}.1.2"))
        assert len(detect(tmp_path).lesions) == 2
        assert [volume.spacing_mm[0] for volume, *_ in seen] == pytest.approx([2.5])
        with pytest.raises(SeriesError, match="no hip"):
            detect(tmp_path, series=f"{UID}.1.1")

    def test_masks_of_the_study_are_handed_on(self, seen, tmp_path):
        write_series(tmp_path / "patient_07" / "ct", CtSeries(series_uid=f"{UID}.1.1"))
        (tmp_path / "masks" / "patient_07").mkdir(parents=True)
        detect(tmp_path / "patient_07", anatomy=tmp_path / "masks")
        (tmp_path / "masks" / "sacrum.nii").touch()
        detect(tmp_path / "patient_07", anatomy=str(tmp_path / "masks"))
        assert [anatomy for _, _, anatomy in seen] == [tmp_path / "masks" / "patient_07", tmp_path / "masks"]

    def test_missing_path_is_named_to_who_called_and_in_no_message(self, tmp_path):
        with pytest.raises(UsageError, match=r"no such file or folder: .*Secret") as caught:
            detect(tmp_path / "Secret")
        assert caught.value.path == tmp_path / "Secret"
        assert "Secret" not in caught.value.message

    def test_several_patients_are_listed_not_guessed(self, seen, tmp_path):
        for k in (1, 2):
            write_series(
                tmp_path / f"p{k}",
                CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}"),
                edit=lambda _, ds, k=k: setattr(ds, "PatientID", f"Secret{k}"),
            )
        with pytest.raises(ho_detect.SeveralPatientsError, match=r"Secret1: .*p1") as caught:
            detect(tmp_path)
        assert caught.value.patients == {"Secret1": (tmp_path / "p1",), "Secret2": (tmp_path / "p2",)}
        assert "Secret" not in caught.value.message
        assert pickle.loads(pickle.dumps(caught.value)).patients == caught.value.patients  # noqa: S301
        assert seen == []
        assert len(detect(tmp_path, series=f"{UID}.1.2").lesions) == 2

    def test_settings_as_plain_values(self, seen, tmp_path):
        write_series(tmp_path / "ct", CtSeries(series_uid=f"{UID}.1.1"))
        detect(tmp_path / "ct", {"judge": {"min_volume_mm3": 99.0}})
        assert seen[0][1] == Settings.from_dict({"judge": {"min_volume_mm3": 99.0}})
        with pytest.raises(ho_detect.SettingError, match="min_volume"):
            detect(tmp_path / "ct", {"judge": {"min_volume": 1}})

    def test_under_one_key_a_series_has_one_name_and_its_folder_stands_beside_it(self, seen, tmp_path):
        write_series(tmp_path / "ct", CtSeries(series_uid=f"{UID}.1.1"))
        (tmp_path / "key").write_bytes(b"k" * 16)
        one, two, other = (detect(tmp_path / "ct", key_file=key) for key in (tmp_path / "key",) * 2 + (None,))
        uids = [list(f.lesions_frame().series_uid) for f in (one, two, other)]
        assert uids[0] == uids[1] != uids[2]
        for frame in (one.lesions_frame(), one.hips_frame(), one.excluded_frame()):
            assert set(frame.source) <= {str(tmp_path / "ct")}
            assert frame.columns[0] == "source"
        one.save(tmp_path / "out")
        assert str(tmp_path) not in "".join(p.read_text() for p in (tmp_path / "out").glob("*.json"))

    def test_an_image_that_is_no_dicom(self, seen, tmp_path):
        hu = np.full((20, 30, 30), -1000, np.int16)
        hu[3:-3, 4:-4, 4:-4] = np.random.default_rng(0).normal(40, 60, (14, 22, 22))
        hu[8:10, 10:14, 10:14] = 600
        detect(hu.transpose(2, 1, 0), affine=np.diag([1.0, 1.0, 2.0, 1.0]))
        image = sitk.GetImageFromArray(hu)
        image.SetSpacing((1.0, 1.0, 2.0))
        found = detect(image)
        sitk.WriteImage(image, str(tmp_path / "a.nii.gz"))
        detect(tmp_path / "a.nii.gz")
        assert [volume.spacing_mm for volume, *_ in seen] == [(2.0, 1.0, 1.0)] * 3
        assert found.source is None
        assert found.lesions_frame().source.isna().all()
        with pytest.raises(UsageError, match="affine"):
            detect(hu)

    def test_nothing_there(self, tmp_path):
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(SeriesError) as caught:
            detect(tmp_path)
        assert caught.value.reason == "not_ct"
