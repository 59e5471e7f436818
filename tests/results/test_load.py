"""What was saved is read back, and can do what fresh findings can."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from dicom_files import CtSeries, write_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaded_findings import load_findings
from made_findings import make_findings, make_grids, make_lesion, make_record

from ho_detect.errors import UsageError
from ho_detect.findings import Findings
from ho_detect.results.label_map import read_labels
from ho_detect.results.record import RecordError, record_json
from ho_detect.settings import OutputSettings
from ho_detect.system.files import BONES_FILE, FINDINGS_FILE, LABELS_FILE

GRIDS = make_grids()


class TestRoundTrip:
    @pytest.mark.parametrize("name", GRIDS)
    def test_record_labels_and_place_are_those_saved(self, name, tmp_path):
        findings = make_findings(GRIDS[name])
        loaded = Findings.load(findings.save(tmp_path))
        assert loaded.record == findings.record
        np.testing.assert_array_equal(loaded.labels, findings.labels)
        assert loaded.labels.dtype == np.uint16
        np.testing.assert_allclose(loaded.grid.affine, findings.grid.affine, atol=1e-4)
        assert str(loaded) == str(findings)

    @pytest.mark.parametrize("name", GRIDS)
    def test_saved_again_it_is_the_same(self, name, tmp_path):
        first = make_findings(GRIDS[name]).save(tmp_path / "a")
        second = Findings.load(first).save(tmp_path / "b")
        assert (first / FINDINGS_FILE).read_bytes() == (second / FINDINGS_FILE).read_bytes()
        one, other = (read_labels(folder / LABELS_FILE) for folder in (first, second))
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_allclose(one[1].affine, other[1].affine, atol=1e-5)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        places=st.lists(st.tuples(st.sampled_from(["left", "right"]), st.floats(-6, 6), st.floats(4, 14)), max_size=4),
        name=st.sampled_from(sorted(GRIDS)),
    )
    def test_any_lesions_on_any_grid(self, places, name, tmp_path):
        lesions = tuple(
            make_lesion(n, side=side, centroid_lps_mm=(9.0 if side == "left" else -9.0, round(y, 2), round(z, 2)))
            for n, (side, y, z) in enumerate(places, 1)
        )
        findings = make_findings(GRIDS[name], make_record(lesions=lesions))
        loaded = Findings.load(findings.save(tmp_path), ct=findings.volume)
        assert loaded.to_json() == findings.to_json()
        np.testing.assert_array_equal(loaded.labels, findings.labels)

    def test_frames_and_dictionaries(self, tmp_path):
        findings = make_findings()
        loaded = Findings.load(findings.save(tmp_path))
        for frame in ("hips_frame", "lesions_frame", "excluded_frame"):
            assert getattr(loaded, frame)().equals(getattr(findings, frame)())
        assert loaded.to_dict() == findings.to_dict()

    def test_bones_are_those_saved(self, tmp_path):
        findings = replace(make_findings(), output=OutputSettings(bones=True))
        findings.save(tmp_path)
        loaded = Findings.load(tmp_path)
        np.testing.assert_array_equal(loaded.native_bone(), findings.native_bone())
        assert (tmp_path / BONES_FILE).exists()


@pytest.fixture
def saved(tmp_path):
    """Findings of a series, the folder they are saved in, and that of the CT."""
    write_series(tmp_path / "ct", CtSeries())
    findings = load_findings(tmp_path / "ct")
    return findings, findings.save(tmp_path / "result"), tmp_path / "ct"


class TestWithTheCt:
    def test_pages_and_pictures_are_the_same(self, saved, tmp_path):
        findings, _, ct = saved
        folder = replace(findings, output=OutputSettings(bones=True)).save(tmp_path / "with_bones")
        loaded = Findings.load(folder, ct=ct)
        one, other = findings.report(tmp_path / "1.html"), loaded.report(tmp_path / "2.html")
        assert one.read_bytes() == other.read_bytes()
        np.testing.assert_array_equal(loaded.volume.hu, findings.volume.hu)
        assert len(loaded.plot().axes) == len(findings.plot().axes)
        assert loaded.show() is not None

    def test_dicom_names_the_series_as_the_record_does(self, saved, tmp_path):
        pydicom = pytest.importorskip("pydicom")
        findings, folder, ct = saved
        files = {}
        for name, one in (("fresh", findings), ("loaded", Findings.load(folder, ct=str(ct)))):
            files[name] = [pydicom.dcmread(p) for p in one.save_dicom(tmp_path / name)]
        assert [f.SOPInstanceUID for f in files["fresh"]] == [f.SOPInstanceUID for f in files["loaded"]]
        assert {f.StudyInstanceUID for f in files["loaded"]} == {findings.record.series.study_uid}

    def test_what_is_known_of_the_input_is_kept(self, saved, tmp_path):
        _, folder, _ = saved
        again = Findings.load(folder).save(tmp_path / "again")
        before, after = (msgspec.json.decode((f / "provenance.json").read_bytes()) for f in (folder, again))
        for name in ("inputs", "read_at", "patient", "files"):
            assert after[name] == before[name]

    def test_where_the_record_names_it_nothing_is_asked(self, tmp_path):
        write_series(tmp_path / "ct", CtSeries())
        folder = load_findings(tmp_path / "ct", keep_identity=True).save(tmp_path / "result")
        assert Findings.load(folder).volume.hu.shape == Findings.load(folder).labels.shape

    def test_another_series_is_not_taken(self, saved, tmp_path):
        _, folder, _ = saved
        # of the body too: 700 mm further down there is none, and what is there is refused as no HU
        write_series(tmp_path / "other", CtSeries(origin=(-39.0, -40.0, 710.0)))
        with pytest.raises(UsageError, match="none of the 1 CT series"):
            Findings.load(folder, ct=tmp_path / "other").plot()

    def test_among_several_the_right_one_is_found(self, saved, tmp_path):
        findings, folder, ct = saved
        write_series(ct / "moved", CtSeries(series_uid="1.2.3.4", origin=(0.0, 0.0, 0.0)))
        np.testing.assert_array_equal(Findings.load(folder, ct=ct).volume.hu, findings.volume.hu)


class TestWhatIsMissingIsSaid:
    def test_no_ct_known(self, tmp_path):
        loaded = Findings.load(make_findings().save(tmp_path))
        for use in (loaded.plot, loaded.show, lambda: loaded.report(tmp_path / "r.html"), loaded.native_bone):
            with pytest.raises(UsageError, match="give its folder"):
                use()

    def test_the_ct_has_gone(self, tmp_path):
        with pytest.raises(UsageError, match="not where it was"):
            Findings.load(make_findings().save(tmp_path), ct=tmp_path / "gone").plot()

    def test_a_ct_of_another_place(self, tmp_path):
        findings = make_findings()
        other = make_findings(GRIDS["axial"]).volume
        with pytest.raises(UsageError, match="not the one"):
            Findings.load(findings.save(tmp_path), ct=other).plot()

    def test_nothing_there(self, tmp_path):
        with pytest.raises(UsageError, match="no findings"):
            Findings.load(tmp_path)

    def test_no_label_map(self, tmp_path):
        make_findings().save(tmp_path)
        (tmp_path / LABELS_FILE).write_bytes(b"no NIfTI")
        with pytest.raises(UsageError, match=LABELS_FILE):
            Findings.load(tmp_path)

    def test_a_record_of_another_version(self, tmp_path):
        make_findings().save(tmp_path)
        record = msgspec.structs.replace(make_record(), schema_version="9.0")
        (tmp_path / FINDINGS_FILE).write_bytes(record_json(record))
        with pytest.raises(RecordError, match=r"9\.0"):
            Findings.load(tmp_path)
