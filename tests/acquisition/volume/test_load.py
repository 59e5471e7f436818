"""HU at patient coordinates, whatever the acquisition and the way pixels are stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dicom_files import AXIAL, CORONAL, SAGITTAL, SYNTAXES, CtSeries, hu_at, make_dataset, save, write_series

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import AcquisitionSettings, OutputSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

KEY = Pseudonyms(bytes(range(16)))
COR = CtSeries(orientation=CORONAL, origin=(-39.0, -20.0, 750.0))
SAG = CtSeries(orientation=SAGITTAL, origin=(-20.0, -40.0, 750.0))


def load(folder, settings=None):
    settings = settings or Settings()
    (entry,) = index_series([folder], settings.acquisition)
    assert entry.analyse, (entry.reason, entry.detail)
    return load_volume(entry, settings, KEY)


def written(folder, spec=None, edit=None, settings=None):
    write_series(folder, spec, edit=edit)
    return load(folder, settings)


def off_truth(volume):
    """Largest difference (HU) between the volume and what was imaged, at the volume's own LPS coordinates."""
    index = np.moveaxis(np.indices(volume.hu.shape), 0, -1)
    return np.abs(volume.hu - np.maximum(hu_at(volume.grid.to_lps(index)), AIR_HU)).max()


@pytest.mark.parametrize(
    "spec",
    [
        CtSeries(),
        CtSeries(step=-2.5, origin=(-39.0, -40.0, 740.0)),
        COR,
        replace(COR, step=-2.5, origin=(-39.0, 20.0, 750.0)),
        SAG,
        CtSeries(orientation=(-1, 0, 0, 0, -1, 0), origin=(39.0, 40.0, 700.0)),
        CtSeries(orientation=(1, 0, 0, 0, -1, 0), origin=(-39.0, 40.0, 740.0)),
        CtSeries(orientation=(float(np.cos(0.2)), float(np.sin(0.2)), 0, float(-np.sin(0.2)), float(np.cos(0.2)), 0)),
    ],
    ids=["axial", "reversed", "coronal", "coronal reversed", "sagittal", "turned 180", "flipped", "rotated"],
)
def test_hu_lie_where_the_patient_is(tmp_path, spec):
    volume = written(tmp_path, spec)
    assert off_truth(volume) <= 0.51
    assert volume.grid.affine[:3, 0] @ spec.normal > 0
    assert np.allclose(volume.spacing_mm, (2.5, 2.0, 1.8))
    assert off_truth(volume.canonical()) <= 0.51


def test_names_order_and_nesting_of_files_change_nothing(tmp_path):
    paths = write_series(tmp_path / "a")
    before = load(tmp_path)
    names = np.random.default_rng(4).permutation(1000)[: len(paths)]
    for path, name in zip(paths, names, strict=True):
        target = tmp_path / f"{name % 3}" / f"Z{name}"
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    after = load(tmp_path)
    assert np.array_equal(before.hu, after.hu)
    assert np.array_equal(before.grid.affine, after.grid.affine)
    assert before.series == after.series


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_gives_the_same_bits(tmp_path, syntax, signed):
    spec = CtSeries(
        n_slices=12, syntax=syntax, signed=signed, intercept=0 if signed else -1024, bits_stored=16 if signed else 12
    )
    volume = written(tmp_path, spec)
    truth = np.rint(np.stack([spec.slice_hu(k) for k in range(12)]))
    assert np.array_equal(volume.hu, truth)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("junk", [False, True])
def test_bits_above_the_stored_ones_are_ignored(tmp_path, signed, junk):
    spec = CtSeries(signed=signed, intercept=0 if signed else -1024, junk_bits=junk)
    assert off_truth(written(tmp_path, spec)) <= 0.51


def test_rescale_is_per_slice_and_may_be_a_fraction(tmp_path):
    spec = CtSeries(bits_stored=16)

    def edit(k, ds):
        from dicom_files import set_hu

        ds.RescaleSlope, ds.RescaleIntercept = f"{0.0444 + 0.001 * k:.6f}", str(-1024 - k)
        set_hu(ds, spec.slice_hu(k))

    assert off_truth(written(tmp_path, spec, edit)) <= 0.55


def test_values_that_say_hu_without_a_rescale_are_believed(tmp_path):
    def edit(k, ds):
        del ds.RescaleSlope, ds.RescaleIntercept

    assert off_truth(written(tmp_path, CtSeries(signed=True, intercept=0, bits_stored=16), edit)) <= 0.51


def test_values_beyond_int16_are_clipped_and_dense_ones_kept(tmp_path):
    def edit(k, ds):
        pixels = np.frombuffer(ds.PixelData, "<u2").copy()
        pixels[5], pixels[6] = 9000 + 1024, 65535
        ds.PixelData = pixels.tobytes()
        ds.RescaleSlope = "1"

    volume = written(tmp_path, CtSeries(bits_stored=16), edit)
    assert (volume.hu[:, 0, 5] == 9000).all()
    assert (volume.hu[:, 0, 6] == 32767).all()


@pytest.mark.parametrize(("signed", "vr"), [(True, "SS"), (True, "US"), (False, "US")])
def test_padding_becomes_air(tmp_path, signed, vr):
    stored = -2000 if signed else 63000

    def edit(k, ds):
        pixels = np.frombuffer(ds.PixelData, "<u2").copy().reshape(40, 44)
        pixels[:, :4] = stored & 0xFFFF
        ds.PixelData = pixels.tobytes()
        ds.add_new(0x00280120, vr, stored if vr == "SS" else stored & 0xFFFF)

    volume = written(tmp_path, CtSeries(signed=signed, intercept=0 if signed else -1024, bits_stored=16), edit)
    assert (volume.hu[:, :, :4] == AIR_HU).all()
    assert "padding_present" in {f.code for f in volume.flags}
    assert np.abs(volume.hu[:, :, 4:] - np.stack([CtSeries().slice_hu(k)[:, 4:] for k in range(16)])).max() <= 0.51


def test_a_padding_range_is_padding_as_a_whole(tmp_path):
    def edit(k, ds):
        pixels = np.frombuffer(ds.PixelData, "<u2").copy().reshape(40, 44)
        pixels[:, :4] = np.array([60000, 60500, 61000, 60001])
        ds.PixelData = pixels.tobytes()
        ds.add_new(0x00280120, "US", 61000)
        ds.add_new(0x00280121, "US", 60000)

    assert (written(tmp_path, CtSeries(bits_stored=16), edit).hu[:, :, :4] == AIR_HU).all()


def test_a_padding_value_that_is_also_tissue_takes_no_tissue(tmp_path):
    """Zero as padding in a series whose zero is water: only the margin is padding."""

    def edit(k, ds):
        pixels = np.frombuffer(ds.PixelData, "<i2").copy().reshape(40, 44)
        pixels[:, :3] = 0
        pixels[20, 20:24] = 0
        ds.PixelData = pixels.tobytes()
        ds.add_new(0x00280120, "SS", 0)

    volume = written(tmp_path, CtSeries(signed=True, intercept=0, bits_stored=16), edit)
    assert (volume.hu[:, :, :3] == AIR_HU).all()
    assert (volume.hu[:, 20, 20:24] == 0).all()


def test_nothing_is_less_dense_than_air(tmp_path):
    def edit(k, ds):
        pixels = np.frombuffer(ds.PixelData, "<i2").copy().reshape(40, 44)
        pixels[:, :3] = -3024
        ds.PixelData = pixels.tobytes()

    volume = written(tmp_path, CtSeries(signed=True, intercept=0, bits_stored=16), edit)
    assert volume.hu.min() == AIR_HU
    assert "padding_present" in {f.code for f in volume.flags}


def test_copies_are_used_once_and_said(tmp_path):
    paths = write_series(tmp_path / "a")
    clean = load(tmp_path)
    (tmp_path / "copy").write_bytes(paths[4].read_bytes())
    renamed = make_dataset(CtSeries(), 9)
    renamed.SOPInstanceUID = renamed.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    save(renamed, tmp_path / "under another uid")
    volume = load(tmp_path)
    assert np.array_equal(volume.hu, clean.hu)
    assert [f.message for f in volume.flags if f.code == "duplicates_removed"] == [
        "slices present more than once were used once (2 images)"
    ]


def test_of_a_whole_and_a_cut_copy_the_whole_one_is_used(tmp_path):
    paths = write_series(tmp_path / "b")
    (tmp_path / "a").write_bytes(paths[4].read_bytes()[:-500])
    assert off_truth(load(tmp_path)) <= 0.51


def test_one_uid_for_all_slices_is_no_reason_to_drop_any(tmp_path):
    volume = written(tmp_path, edit=lambda k, ds: setattr(ds, "SOPInstanceUID", "1.2.3"))
    assert volume.series.n_slices == 16


def test_a_localizer_inside_is_set_aside_and_said(tmp_path):
    write_series(tmp_path)
    scout = make_dataset(replace(COR, rows=90), 0)
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save(scout, tmp_path / "scout")
    volume = load(tmp_path)
    assert volume.series.n_slices == 16
    assert off_truth(volume) <= 0.51
    assert "images_set_aside" in {f.code for f in volume.flags}


def test_the_record_holds_the_header_and_no_identity(tmp_path):
    volume = written(tmp_path, edit=lambda k, ds: setattr(ds, "ContrastBolusAgent", "IODINE"))
    record = volume.series
    assert (record.n_slices, record.rows, record.columns) == volume.hu.shape
    assert (record.kvp, record.kernel, record.contrast_stated) == (120.0, "B60", True)
    assert (record.manufacturer, record.patient_position, record.slice_thickness_mm) == ("Maker", "HFS", 2.5)
    assert "contrast" in {f.code for f in volume.flags}
    assert "thick_slices" not in {f.code for f in volume.flags}
    for secret in ("SECRET", "20200102", "1.2.826", str(tmp_path)):
        assert secret not in repr(record) + repr(volume.flags)


def test_identity_is_kept_where_it_is_asked_for(tmp_path):
    write_series(tmp_path)
    settings = Settings(output=OutputSettings(keep_identity=True))
    (entry,) = index_series([tmp_path], settings.acquisition)
    record = load_volume(entry, settings, replace(KEY, keep_identity=True)).series
    assert record.series_uid == CtSeries().series_uid
    assert (record.patient_id, record.study_date, record.source) == ("SECRET-ID", "20200102", str(tmp_path))


def test_thick_slices_are_flagged(tmp_path):
    volume = written(tmp_path, CtSeries(step=3.0))
    assert "thick_slices" in {f.code for f in volume.flags}


def test_same_voxels_as_simpleitk(tmp_path):
    import SimpleITK as sitk  # noqa: N813

    paths = write_series(tmp_path, CtSeries(orientation=AXIAL))
    volume = load(tmp_path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(p) for p in paths])
    image = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(image), volume.hu)
    ours = volume.grid.to_simpleitk(volume.hu)
    assert np.allclose(ours.GetOrigin(), image.GetOrigin())
    assert np.allclose(ours.GetSpacing(), image.GetSpacing())
    assert np.allclose(ours.GetDirection(), image.GetDirection())


def test_limits_come_from_the_settings(tmp_path):
    write_series(tmp_path)
    for settings, reason in {
        AcquisitionSettings(min_slices=17): "too_few_slices",
        AcquisitionSettings(max_slice_step_mm=2.0): "too_thick",
        AcquisitionSettings(max_gigabytes=1e-6): "too_large",
    }.items():
        (entry,) = index_series([tmp_path], settings)
        assert entry.reason == reason
