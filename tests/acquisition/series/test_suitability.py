"""Every way a series can go wrong ends in its own reason code, and never in a volume or an exception."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import CORONAL, SAGITTAL, CtSeries, make_dataset, save, set_hu, write_series
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage, SecondaryCaptureImageStorage

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import SeriesError
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms


def outcome(folder, settings=None):
    """The reason at indexing, else at loading, else ``ok``."""
    settings = settings or Settings()
    entries = index_series([folder], settings.acquisition)
    assert len(entries) == 1, [(e.reason, e.detail) for e in entries]
    (entry,) = entries
    assert entry.analyse == (entry.reason is None)
    if entry.analyse:
        try:
            volume = load_volume(entry, settings, Pseudonyms(bytes(16)))
        except SeriesError as error:
            message, reason = str(error), error.reason
        else:
            assert volume.series.resampled == (volume.hu.shape != (entry.n_slices, entry.rows, entry.columns))
            return "ok " + " ".join(f.code for f in volume.flags) if volume.flags else "ok"
    else:
        with pytest.raises(SeriesError) as caught:
            load_volume(entry, settings, Pseudonyms(bytes(16)))
        message, reason = str(caught.value), caught.value.reason
        assert reason == entry.reason
    assert str(folder) not in message
    assert "SECRET" not in message
    return reason


def setting(**values):
    """An edit that sets attributes of every slice; None removes."""

    def edit(k, ds):
        for name, value in values.items():
            if value is None:
                delattr(ds, name)
            else:
                setattr(ds, name, value)

    return edit


def only(index, **values):
    """An edit that sets attributes of one slice."""
    change = setting(**values)
    return lambda k, ds: change(k, ds) if k == index else None


def moved(heights):
    def edit(k, ds):
        ds.ImagePositionPatient = [ds.ImagePositionPatient[0], ds.ImagePositionPatient[1], f"{heights(k):.6f}"]

    return edit


def tilted(sign, degrees=15):
    def edit(k, ds):
        tilt = np.radians(degrees)
        ds.ImageOrientationPatient = [1, 0, 0, 0, float(np.cos(tilt)), float(-sign * np.sin(tilt))]

    return edit


def mixed(k, ds):
    if k >= 8:
        ds.ImageOrientationPatient = list(CORONAL)


def raw_numbers(k, ds):
    """Stored values with the rescale left out, as some exports do."""
    del ds.RescaleSlope, ds.RescaleIntercept


def not_a_number(k, ds, text="abc", name="PixelSpacing"):
    ds[name]._value = [text, *ds[name]._value[1:]]


FAULTS = {
    "clean": (None, "ok"),
    "mr": (setting(Modality="MR"), "not_ct"),
    "mr called ct": (setting(RepetitionTime="500"), "not_ct"),
    "pet called ct": (setting(SOPClassUID="1.2.840.10008.5.1.4.1.1.128"), "not_ct"),
    "survey": (setting(ImageType=["DERIVED", "SECONDARY", "REF_SURVIEW"]), "localizer"),
    "localizer": (setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localizer"),
    "secondary capture": (setting(SOPClassUID=SecondaryCaptureImageStorage), "derived_object"),
    "projection": (setting(ImageType=["DERIVED", "SECONDARY", "AXIAL", "MIP"]), "derived_object"),
    "head": (setting(BodyPartExamined="HEAD", StudyDescription="CT", SeriesDescription="x"), "not_hip_region"),
    "femoral head": (setting(BodyPartExamined="HEAD", StudyDescription="CT HIP"), "ok"),
    "no body part": (setting(BodyPartExamined="", StudyDescription="", SeriesDescription="head"), "ok"),
    "no position": (setting(ImagePositionPatient=None), "no_position"),
    "no orientation": (setting(ImageOrientationPatient=None), "no_position"),
    "one without position": (only(5, ImagePositionPatient=None), "no_position"),
    "no spacing": (setting(PixelSpacing=None), "bad_geometry"),
    "zero spacing": (setting(PixelSpacing=[0, 0]), "bad_geometry"),
    "negative spacing": (setting(PixelSpacing=[-1, 1]), "bad_geometry"),
    "spacing is text": (not_a_number, "bad_geometry"),
    "spacing is nan": (lambda k, ds: not_a_number(k, ds, "nan"), "bad_geometry"),
    "position is nan": (lambda k, ds: not_a_number(k, ds, "nan", "ImagePositionPatient"), "bad_geometry"),
    "spacing of one slice differs": (only(3, PixelSpacing=["2.2", "1.8"]), "bad_geometry"),
    "orientation not unit": (setting(ImageOrientationPatient=[2, 0, 0, 0, 1, 0]), "bad_geometry"),
    "orientation not orthogonal": (setting(ImageOrientationPatient=[1, 0, 0, 0.6, 0.8, 0]), "bad_geometry"),
    "orientation of zeros": (setting(ImageOrientationPatient=[0] * 6), "bad_geometry"),
    "position out of range": (only(3, ImagePositionPatient=[0, 0, "1e9"]), "bad_geometry"),
    "slice shifted in its plane": (only(3, ImagePositionPatient=["-30.0", "-40.0", "707.5"]), "bad_geometry"),
    "frames of reference": (only(3, FrameOfReferenceUID="1.2.3"), "several_volumes"),
    "mixed orientation": (mixed, "mixed_orientation"),
    "tilted": (tilted(+1), "ok resampled_tilt"),
    "tilted the other way": (tilted(-1), "ok resampled_tilt"),
    "tilted more than any gantry": (tilted(+1, 32), "tilted"),
    "missing slice": (moved(lambda k: 2.5 * (k + (k > 6))), "ok gaps_filled thick_slices"),
    "two missing stretches": (moved(lambda k: 2.5 * (k + (k > 6) + 3 * (k > 9))), "missing_slices"),
    "a long gap near the end": (moved(lambda k: 2.5 * (k + 9 * (k > 12))), "ok part_of_series"),
    "uneven with long gaps": (moved(lambda k: 2.1 * k + 0.05 * k * k + 7.7 * (k // 6)), "uneven_spacing"),
    "variable spacing": (moved(lambda k: 1.0 * k + 0.07 * k * k), "ok resampled_spacing thick_slices"),
    "jitter below tolerance": (moved(lambda k: 2.5 * k + 0.01 * (k % 3)), "ok"),
    "two phases": (moved(lambda k: 2.5 * (k // 2)), "too_few_slices"),
    "all at one position": (moved(lambda k: 1.0), "too_few_slices"),
    "thick": (moved(lambda k: 7.0 * k), "too_thick"),
    "oblique": (setting(ImageOrientationPatient=[0.8, 0.6, 0, -0.6, 0.8, 0]), "not_axial"),
    "no rows": (setting(Rows=0), "bad_geometry"),
    "rows of one slice differ": (only(3, Rows=39), "bad_geometry"),
    "65535 rows": (setting(Rows=65535, Columns=65535), "too_large"),
    "rows and pixels disagree": (setting(Rows=39), "decode_failed"),
    "16 bits in 8": (setting(BitsAllocated=8), "decode_failed"),
    "32 bits": (setting(BitsAllocated=32), "decode_failed"),
    "more bits stored than there are": (setting(BitsStored=17), "decode_failed"),
    "colour": (setting(SamplesPerPixel=3), "derived_object"),
    "no pixels": (setting(PixelData=None), "unreadable"),
    "pixels of one slice missing": (only(3, PixelData=None), "unreadable"),
    "no rescale": (raw_numbers, "not_hu"),
    "slope without intercept": (setting(RescaleIntercept=None), "not_hu"),
    "slope zero": (setting(RescaleSlope="0"), "not_hu"),
    "slope negative": (setting(RescaleSlope="-1"), "not_hu"),
    "rescale to something else": (setting(RescaleType="Z_EFF"), "not_hu"),
    "rescale type hu": (setting(RescaleType="HU"), "ok"),
    "intercept left out": (setting(RescaleIntercept="0"), "not_hu"),
    "blank": (lambda k, ds: set_hu(ds, np.zeros((40, 44))), "not_hu"),
    "hostile uids": (setting(SeriesInstanceUID="../../etc/passwd", StudyInstanceUID="1." * 50), "ok"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_reason(tmp_path, name):
    edit, reason = FAULTS[name]
    write_series(tmp_path, CtSeries(bits_stored=16), edit=edit)
    assert outcome(tmp_path) == reason


def test_a_single_slice(tmp_path):
    write_series(tmp_path, CtSeries(n_slices=1))
    assert outcome(tmp_path) == "too_few_slices"


@pytest.mark.parametrize("orientation", [(-1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, 1, 0), (1, 0, 0, 0, -1, 0)])
def test_prone_and_feet_first(tmp_path, orientation):
    """As scanners store them: rows and columns turned, slices in either order."""
    across, down = orientation[0], orientation[4]
    for step in (2.5, -2.5):
        origin = (-39.0 * across, -40.0 * down, 720.0 - step * 8 * across * down)
        spec = CtSeries(orientation=orientation, step=step, origin=origin, bits_stored=16)
        write_series(tmp_path / f"{step}", spec, edit=setting(PatientPosition="FFP"))
        assert outcome(tmp_path / f"{step}") == "ok"


def test_few_slices_are_left_out_whatever_else_is_wrong(tmp_path):
    write_series(tmp_path, CtSeries(n_slices=11), edit=tilted(1, 32))
    assert outcome(tmp_path) == "too_few_slices"
    assert outcome(tmp_path, Settings(acquisition=AcquisitionSettings(min_slices=11))) == "tilted"


@pytest.mark.parametrize("instance", [6, 17])
def test_one_repeated_slice_with_other_content_is_not_guessed_away(tmp_path, instance):
    """By the number of the slice that it repeats, or by one of its own."""
    write_series(tmp_path)
    other = make_dataset(CtSeries(), 5)
    other.InstanceNumber = instance
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    set_hu(other, CtSeries().slice_hu(5) + 7)
    save(other, tmp_path / "again")
    assert outcome(tmp_path) == "several_volumes"


@pytest.mark.parametrize("cut", [1, 100, 3000])
def test_a_file_cut_within_its_pixels_is_an_error_not_a_lost_slice(tmp_path, cut):
    for k in (0, 7, 15):
        folder = tmp_path / f"{k}"
        paths = write_series(folder)
        paths[k].write_bytes(paths[k].read_bytes()[:-cut])
        assert outcome(folder) == "decode_failed"


def test_a_file_cut_within_its_header_fails_its_series(tmp_path):
    paths = write_series(tmp_path)
    data = paths[15].read_bytes()
    paths[15].write_bytes(data[: data.index(b"\x28\x00\x10\x00")])
    assert outcome(tmp_path) == "unreadable"


def test_a_file_cut_before_its_uids_has_a_row_of_its_own(tmp_path):
    write_series(tmp_path / "a")
    paths = write_series(tmp_path / "b")
    (tmp_path / "a" / "cut").write_bytes(paths[3].read_bytes()[:400])
    reasons = sorted(str(e.reason) for e in index_series([tmp_path / "a"], AcquisitionSettings()))
    assert reasons == ["None", "unreadable"]


def test_pixel_length_beyond_the_file(tmp_path):
    paths = write_series(tmp_path)
    data = paths[3].read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW") + 8
    paths[3].write_bytes(data[:at] + b"\xf0\xff\xff\xff" + data[at + 4 :])
    assert outcome(tmp_path) == "decode_failed"


def test_a_file_that_changed_after_it_was_found(tmp_path):
    paths = write_series(tmp_path)
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    paths[3].write_bytes(paths[3].read_bytes() + b"\0\0")
    with pytest.raises(SeriesError, match="changed"):
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    paths[3].unlink()
    with pytest.raises(SeriesError, match=r"0003\.dcm") as caught:
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("sop_class", [EnhancedSRStorage, EncapsulatedPDFStorage])
@pytest.mark.parametrize("undefined_length", [False, True])
def test_reports_called_ct(tmp_path, sop_class, undefined_length):
    ds = make_dataset(CtSeries(), 0)
    del ds.PixelData
    item = Dataset()
    item.TextValue = "a report"
    ds.ContentSequence = Sequence([item])
    ds["ContentSequence"].is_undefined_length = undefined_length
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    save(ds, tmp_path / "report")
    assert outcome(tmp_path) == "derived_object"


def test_deep_sequences_are_one_unreadable_file(tmp_path):
    ds = make_dataset(CtSeries(), 0)
    inner = Dataset()
    inner.PatientComments = "deep"
    data = b""
    for _ in range(3000):
        # items and sequences of undefined length, written by hand: pydicom cannot write so deep
        data = b"\x40\x00\x40\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" + data
    ds.RequestAttributesSequence = Sequence([inner])
    save(ds, tmp_path / "x")
    whole = (tmp_path / "x").read_bytes()
    at = whole.index(b"\x40\x00\x75\x02")
    (tmp_path / "x").write_bytes(whole[:at] + data + whole[at:])
    assert outcome(tmp_path) == "unreadable"


def test_texts_that_are_no_texts_do_no_harm(tmp_path):
    def edit(k, ds):
        ds.SpecificCharacterSet = "ISO_IR 100"
        ds.SeriesDescription = "=cmd()<b>\xfc\xdf"
        ds.add_new(0x00091010, "UN", b"\xff" * 10)
        ds.add_new(0x00091011, "OB", b"\x01" * 5000)

    for path in write_series(tmp_path, edit=edit):
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", b"NO_SUCH_CS", 1))
    assert outcome(tmp_path) == "ok"
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert entry.description == "=cmd()<b>\xfc\xdf"


def test_orientations_other_than_axial_are_accepted(tmp_path):
    for name, orientation in {"coronal": CORONAL, "sagittal": SAGITTAL}.items():
        write_series(tmp_path / name, CtSeries(orientation=orientation, origin=(-30.0, -20.0, 750.0)))
        assert outcome(tmp_path / name) == "ok"
        (entry,) = index_series([tmp_path / name], AcquisitionSettings())
        assert entry.orientation == name


def test_images_that_lie_nearly_at_few_places_are_too_few_slices(tmp_path):
    def edit(k, ds):
        ds.ImagePositionPatient = ["-39", "-40", f"{700 + 2.5 * (k % 5) + 0.004 * k:.3f}"]

    write_series(tmp_path, CtSeries(n_slices=30), edit=edit)
    assert outcome(tmp_path) == "too_few_slices"
