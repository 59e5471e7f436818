"""Several volumes in one series: each found, none stacked on another, and what belongs together kept together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from dicom_files import CORONAL, CtSeries, enhanced, group, hu_at, make_dataset, save, set_hu, write_series
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.acquisition.headers.slices import PHASE_MARKS, PixelFormat, Rescale, SliceEntry
from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.series.splitting import split_series
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

ALL = Settings(acquisition=AcquisitionSettings(all_series=True))


def found(folder, chosen=ALL):
    """Entry and volume of each series below a folder that can be loaded; of the others the entry and None."""
    entries = index_series([folder], chosen.acquisition)
    return [(e, load_volume(e, chosen, Pseudonyms(bytes(16))) if e.analyse else None) for e in entries]


def off_truth(volume, added=0.0):
    index = np.moveaxis(np.indices(volume.hu.shape), 0, -1)
    return np.abs(volume.hu - np.maximum(hu_at(volume.grid.to_lps(index)) + added, AIR_HU)).max()


def codes(volume):
    return {f.code for f in volume.flags}


def two_phases(folder, number, mark):
    """32 files: 16 places twice, the second 20 HU denser; ``number`` gives instance numbers, ``mark`` edits a slice."""
    for phase in (0, 1):
        for k in range(16):
            ds = make_dataset(CtSeries(), k)
            set_hu(ds, CtSeries().slice_hu(k) + 20 * phase)
            ds.InstanceNumber = number(phase, k)
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{phase}.{k}"
            mark(ds, phase)
            save(ds, folder / f"{(k * 7 + phase * 3) % 32:02d}-{phase}")


def nothing(ds, phase):
    pass


PHASES = {
    "acquisition": (lambda p, k: k, lambda ds, p: setattr(ds, "AcquisitionNumber", p + 1), "acquisition"),
    "time point": (lambda p, k: k, lambda ds, p: setattr(ds, "TemporalPositionIdentifier", p + 1), "time point"),
    "kernel": (lambda p, k: k, lambda ds, p: setattr(ds, "ConvolutionKernel", ("B30f", "B60f")[p]), "kernel"),
    "energy": (lambda p, k: k, lambda ds, p: setattr(ds, "KVP", ("80", "140")[p]), "kV"),
    "one after the other": (lambda p, k: 1 + k + 16 * p, nothing, "repeat"),
    "side by side": (lambda p, k: 1 + p + 2 * k, nothing, "repeat"),
}


@pytest.mark.parametrize("name", PHASES)
def test_phases_are_volumes_of_their_own(tmp_path, name):
    number, mark, label = PHASES[name]
    two_phases(tmp_path, number, mark)
    parts = found(tmp_path)
    assert len(parts) == 2
    assert len({e.identity for e, _ in parts}) == 2
    assert {e.series_uid for e, _ in parts} == {CtSeries().series_uid}
    assert sorted(round(min(off_truth(v), off_truth(v, 20.0)), 2) <= 0.51 for _, v in parts) == [True, True]
    assert {bool(off_truth(v) <= 0.51) for _, v in parts} == {True, False}
    assert {e.rank for e, _ in parts} == {1, 2}
    for entry, volume in parts:
        assert f"of 2: {label}" in entry.part
        assert volume.grid.shape == (16, 40, 44)
        assert np.allclose(volume.spacing_mm, (2.5, 2.0, 1.8))
        assert "one_of_several" in codes(volume)


def test_of_phases_one_is_analysed_and_the_other_listed(tmp_path):
    two_phases(tmp_path, *PHASES["kernel"][:2])
    entries = index_series([tmp_path], AcquisitionSettings())
    assert sorted((e.kernel, e.reason) for e in entries) == [("B30f", "better_series_used"), ("B60f", None)]
    (left,) = [e for e in entries if e.reason]
    assert left.detail == "that of rank 1; a kernel for bone: bone there, standard here"


def test_phases_that_nothing_tells_apart_are_refused(tmp_path):
    two_phases(tmp_path, lambda p, k: (k * 7 + p * 5) % 32 + 1, nothing)
    ((entry, _),) = found(tmp_path)
    assert entry.reason == "several_volumes"


@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_a_scan_acquired_in_stretches_is_one_volume(tmp_path, overlap):
    def edit(k, ds):
        ds.AcquisitionNumber, ds.XRayTubeCurrent = (1, 200) if k < 14 else (2, 300)

    write_series(tmp_path, CtSeries(n_slices=26), edit=edit)
    for k in range(14, 14 + overlap):
        ds = make_dataset(CtSeries(), k)
        set_hu(ds, CtSeries().slice_hu(k) + 3)
        ds.AcquisitionNumber = 1
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{k}"
        save(ds, tmp_path / f"again{k}")
    ((entry, volume),) = found(tmp_path)
    assert volume.grid.shape[0] == 26
    assert np.isclose(volume.spacing_mm[0], 2.5)
    assert off_truth(volume) <= 3.51
    assert ("scan_joined" in codes(volume)) == bool(overlap)
    assert entry.n_joined == overlap


def test_a_reformat_in_the_series_is_a_volume_of_its_own(tmp_path):
    write_series(tmp_path / "a")
    coronal = CtSeries(orientation=CORONAL, origin=(-39.0, -20.0, 750.0), n_slices=13)
    for k, path in enumerate(write_series(tmp_path / "b", coronal)):
        path.rename(path.with_name(f"coronal{k}"))
    parts = found(tmp_path)
    assert [(e.orientation, e.n_slices, e.rank) for e, _ in sorted(parts, key=lambda p: p[0].rank)] == [
        ("axial", 16, 1), ("coronal", 13, 2)]  # fmt: skip
    assert all(off_truth(v) <= 0.51 for _, v in parts)


def test_a_few_images_across_are_set_aside_and_said(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", CtSeries(orientation=CORONAL, origin=(-39.0, -20.0, 750.0), n_slices=3, rows=60))
    ((entry, volume),) = found(tmp_path)
    assert (entry.n_slices, entry.n_left_out) == (16, 3)
    assert "images_set_aside" in codes(volume)
    assert off_truth(volume) <= 0.51


def test_several_reconstructions_in_one_series(tmp_path):
    write_series(tmp_path / "wide", CtSeries(rows=60, columns=60, origin=(-55.0, -60.0, 700.0)))
    write_series(tmp_path / "near")
    parts = found(tmp_path)
    assert sorted(v.hu.shape for _, v in parts) == [(16, 40, 44), (16, 60, 60)]
    assert all(off_truth(v) <= 0.51 for _, v in parts)
    assert {e.part.split("axial, ")[1] for e, _ in parts} == {"40x44 pixels of 2.00 mm", "60x60 pixels of 2.00 mm"}


@pytest.mark.parametrize("fault", ["size", "spacing", "frame"])
def test_a_slice_that_differs_within_its_stack_is_not_left_out(tmp_path, fault):
    write_series(tmp_path)
    spec = replace(CtSeries(), rows=39) if fault == "size" else CtSeries()
    ds = make_dataset(spec, 7)
    if fault == "spacing":
        ds.PixelSpacing = ["2.1", "1.8"]
    if fault == "frame":
        ds.FrameOfReferenceUID = "1.2.3"
    save(ds, tmp_path / "0007.dcm")
    ((entry, _),) = found(tmp_path)
    assert entry.reason == ("several_volumes" if fault == "frame" else "bad_geometry")


def image(height, *, acquisition="", instance=None, spacing=(1.0, 1.0)):
    pixels = PixelFormat("1.2.840.10008.1.2.1", 10, 10, 1, 1, 16, 12, False, 11, True, 0, 200)
    marks = [""] * len(PHASE_MARKS)
    marks[PHASE_MARKS.index("acquisition")] = acquisition
    return SliceEntry(
        path=__import__("pathlib").Path(f"/nowhere/{height}-{acquisition}-{instance}"),
        size_bytes=200,
        sop_uid=f"{height}-{acquisition}-{instance}",
        sop_class="",
        image_type=(),
        frame_of_reference="1",
        pixels=pixels,
        rescale=Rescale(1.0, 0.0, "", None),
        instance=instance,
        position=(0.0, 0.0, float(height)),
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        spacing=spacing,
        marks=tuple(marks),
    )


@given(st.integers(2, 4), st.integers(12, 30), st.floats(0.5, 3.0), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_number_of_phases_in_any_order(n_phases, n, step, random):
    images = [image(k * step, acquisition=str(p)) for p in range(n_phases) for k in range(n)]
    random.shuffle(images)
    parts, n_aside = split_series(images, AcquisitionSettings())
    assert (len(parts), n_aside) == (n_phases, 0)
    for part in parts:
        assert len({i.marks for i in part.images}) == 1
        assert len({i.position for i in part.images}) == len(part.images) == n


@given(st.integers(2, 5), st.integers(6, 20), st.integers(0, 2), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_stretches_end_as_one_stack_without_two_images_at_a_place(n_stretches, n, overlap, random):
    images = [image(k + s * (n - overlap), acquisition=str(s)) for s in range(n_stretches) for k in range(n)]
    random.shuffle(images)
    ((part,), n_aside) = split_series(images, AcquisitionSettings(min_slices=6))
    heights = sorted(i.position[2] for i in part.images)
    assert heights == [float(k) for k in range(n_stretches * (n - overlap) + overlap)]
    assert len(part.images) + part.n_joined + n_aside == len(images)


def test_of_volumes_at_one_place_the_largest_comes_first():
    images = [image(k, acquisition="a long name") for k in range(13)] + [image(k, acquisition="b") for k in range(26)]
    parts, n_aside = split_series(images, AcquisitionSettings())
    assert ([len(part.images) for part in parts], n_aside) == ([26, 13], 0)


def two_scans(folder, offset, edit):
    """Two scans of one place, the second ``offset`` mm higher, 20 HU denser; ``edit(ds, scan, k)`` changes a slice."""
    for scan in (0, 1):
        for k in range(16):
            ds = make_dataset(CtSeries(), k)
            place = CtSeries().position(k) + np.array([0, 0, offset * scan])
            set_hu(ds, CtSeries().slice_hu(k, place) + 20 * scan)
            ds.ImagePositionPatient = [f"{v:.4f}" for v in place]
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{scan}.{k}"
            edit(ds, scan, k)
            save(ds, folder / f"{(k * 7 + scan * 3) % 32:02d}-{scan}")


def name(ds, scan, k):
    ds.PatientName = ("One^A", "Two^B")[scan]


def clock(ds, scan, k):
    ds.AcquisitionTime = f"{120000 + 300 * scan + k * 0.4:.2f}"


def moment(ds, scan, k):
    ds.AcquisitionDateTime = f"202001021200{scan * 30 + k * 0.1:05.2f}"


def content(ds, scan, k):
    ds.ContentTime = ("121000", "121500")[scan]


MARKS = {
    "acquisition": lambda ds, scan, k: setattr(ds, "AcquisitionNumber", scan + 1),
    "kernel": lambda ds, scan, k: setattr(ds, "ConvolutionKernel", ("B30f", "B60f")[scan]),
    "kV": lambda ds, scan, k: setattr(ds, "KVP", ("80", "140")[scan]),
    "patient": name,
    "date": lambda ds, scan, k: setattr(ds, "AcquisitionDate", ("20200102", "20200103")[scan]),
    "time": clock,
    "time by date and time": moment,
    "content time": content,
    "thickness": lambda ds, scan, k: setattr(ds, "SliceThickness", ("2.5", "5")[scan]),
    "repeat": lambda ds, scan, k: setattr(ds, "InstanceNumber", k + 1 + 16 * scan),
    "repeat by the same numbers": lambda ds, scan, k: None,
}


@pytest.mark.parametrize("offset", [0.0, 0.7, 1.25, 2.0])
@pytest.mark.parametrize("mark", MARKS)
def test_two_scans_between_each_others_slices_are_two_volumes(tmp_path, mark, offset):
    if mark == "repeat by the same numbers" and offset == 0:
        pytest.skip("nothing tells these apart: test_phases_that_nothing_tells_apart_are_refused")
    two_scans(tmp_path, offset, MARKS[mark])
    parts = found(tmp_path)
    assert len(parts) == 2
    for entry, volume in parts:
        assert entry.part.split(": ")[1].startswith(mark.split(" by ")[0])
        assert not {"One", "Two", "20200103"} & set(entry.part.replace("^", " ").split())
        assert volume.hu.shape == (16, 40, 44)
        assert min(off_truth(volume), off_truth(volume, 20.0)) <= 0.51


def numbered_at_random(ds, scan, k):
    ds.InstanceNumber = (k * 7 + scan * 5) % 32 + 1


@pytest.mark.parametrize("offset", [0.7, 1.0])
def test_two_scans_that_nothing_tells_apart_are_refused_by_their_steps(tmp_path, offset):
    two_scans(tmp_path, offset, numbered_at_random)
    ((entry, _),) = found(tmp_path)
    assert (entry.reason, entry.is_failure) == ("several_volumes", True)
    assert f"steps of {offset:.2f} and {2.5 - offset:.2f} mm in turn" in entry.detail


def test_a_thick_and_a_thin_reconstruction_between_each_others_slices(tmp_path):
    thin, thick = CtSeries(n_slices=30), CtSeries(n_slices=15, step=5.0, origin=(-39.0, -40.0, 701.25))
    for name, spec in (("thin", thin), ("thick", thick)):
        for k in range(spec.n_slices):
            ds = make_dataset(spec, k)
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{spec.n_slices}.{k}"
            save(ds, tmp_path / f"{name}{k}")
    parts = found(tmp_path)
    assert sorted((e.part.split(": ")[1], v.hu.shape[0]) for e, v in parts) == [
        ("thickness 2.5 mm", 30), ("thickness 5 mm", 15)]  # fmt: skip
    assert all(off_truth(v) <= 0.51 for _, v in parts)


def test_marks_that_alternate_in_an_uneven_stack_are_refused(tmp_path):
    def edit(k, ds):
        ds.AcquisitionNumber = 1 + (k in (5, 9))
        place = CtSeries().position(k) + np.array([0, 0, 0.8 * (k in (5, 9))])
        ds.ImagePositionPatient = [f"{v:.4f}" for v in place]

    write_series(tmp_path, CtSeries(n_slices=30), edit=edit)
    ((entry, _),) = found(tmp_path)
    assert entry.reason == "several_volumes"
    assert "acquisition changes 4 times along the stack" in entry.detail


def test_stretches_that_overlap_between_each_others_slices_are_joined(tmp_path):
    def edit(k, ds):
        ds.AcquisitionNumber = 1

    def later(k, ds):
        ds.AcquisitionNumber = 2

    write_series(tmp_path / "a", CtSeries(n_slices=16), edit=edit)
    write_series(tmp_path / "b", CtSeries(n_slices=16, origin=(-39.0, -40.0, 731.0), series_uid="1.2.9"), edit=later)
    for path in (tmp_path / "b").iterdir():
        ds = pydicom.dcmread(path)
        ds.SeriesInstanceUID = CtSeries().series_uid
        ds.save_as(path)
    ((entry, volume),) = found(tmp_path)
    assert entry.n_joined == 4
    assert "scan_joined" in codes(volume)
    assert volume.grid.shape[0] >= 28


@pytest.mark.parametrize("rise", [0.0, 0.7])
def test_two_zoomed_fields_of_view_are_two_volumes(tmp_path, rise):
    for side, x in enumerate((-39.0, 1.0)):
        spec = CtSeries(columns=22, origin=(x, -40.0, 700.0 + rise * side))
        for k in range(16):
            ds = make_dataset(spec, k)
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{side}.{k}"
            ds.InstanceNumber = 1 + k + 16 * side
            save(ds, tmp_path / f"{k}-{side}")
    parts = found(tmp_path)
    assert [e.reason for e, _ in parts] == [None, None]
    assert [e.part.split(": ")[1] for e, _ in parts] == ["field of view 1", "field of view 2"]
    assert all(off_truth(v) <= 0.51 for _, v in parts)


@pytest.mark.parametrize("how", ["stack", "moment", "file"])
def test_multi_frame_files_of_one_series_are_volumes_of_their_own(tmp_path, how):
    for n in (0, 1):
        ds = enhanced(list(range(16)) if n == 0 else [*range(5, 16), *range(5)])
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{n}"
        ds.PixelData = (np.frombuffer(ds.PixelData, "<u2") + 20 * n).astype("<u2").tobytes()
        for frame in ds.PerFrameFunctionalGroupsSequence:
            values = {"StackID": str(n)} if how == "stack" else {"FrameAcquisitionDateTime": f"20200101120{n}00"}
            frame.FrameContentSequence = group(**(values if how != "file" else {"InStackPositionNumber": 1}))
        save(ds, tmp_path / f"{n}.dcm")
    parts = found(tmp_path)
    assert [e.part.split(": ")[1].rsplit(" ", 1)[0] for e, _ in parts] == [
        {"stack": "stack", "moment": "time", "file": "file"}[how]
    ] * 2
    assert sorted(min(off_truth(v), off_truth(v, 20.0)) <= 0.51 for _, v in parts) == [True, True]
