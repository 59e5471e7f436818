"""Segmentation, report and pictures: valid by others' validators, read back by others' tools to the same findings."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from dicom_files import AXIAL, CORONAL, SAGITTAL, CtSeries, make_dataset, save, write_series
from loaded_findings import KEY, load_findings
from made_findings import make_findings
from outputs import without_times
from pydicom.dataset import Dataset

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.errors import UsageError
from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.seg import segmentation
from ho_detect.export.dicom.source import reference_of, source_images
from ho_detect.findings import Findings
from ho_detect.image.grid import Grid
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

BIN = Path(sys.executable).parent
SECRET = (b"SECRET", b"Secret", b"20200102", b"1.2.3.77")
TILT = np.radians(20)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, float(np.cos(TILT)), float(np.sin(TILT)))
GRIDS = {
    "axial": CtSeries(orientation=AXIAL),
    "head_last": CtSeries(step=-2.5, origin=(-39.0, -40.0, 737.5)),
    "mirrored": CtSeries(orientation=(-1.0, 0, 0, 0, 1.0, 0), origin=(39.0, -40.0, 700.0)),
    "coronal": CtSeries(orientation=CORONAL, origin=(-39.0, -20.0, 760.0)),
    "sagittal": CtSeries(orientation=SAGITTAL, origin=(-20.0, -40.0, 760.0)),
    "oblique": CtSeries(orientation=OBLIQUE),
    "tilted": CtSeries(n_slices=24),
}


def tilt(k, ds):
    """Shear the stack by 10 degrees: the volume is resampled, and its slices are no longer the images."""
    ds.ImagePositionPatient = [
        *ds.ImagePositionPatient[:1],
        f"{-40 + 2.5 * k * np.tan(np.radians(10)):.6f}",
        ds.ImagePositionPatient[2],
    ]


def tool(name, *args):
    done = subprocess.run([BIN / name, *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def errors(path):
    """What dciodvfy calls an error in a file."""
    status, said = tool("dciodvfy", path)
    found = [line for line in said.splitlines() if line.startswith("Error")]
    assert bool(found) == (status != 0)
    return found


def drop(*names):
    def edit(_, ds):
        for name in names:
            if name in ds:
                delattr(ds, name)

    return edit


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A result of two lesions, and its files by name."""
    folder = tmp_path_factory.mktemp("dicom")
    write_series(folder / "ct", CtSeries(study_uid="1.2.3.77.1", series_uid="1.2.3.77.2"))
    findings = load_findings(folder / "ct")
    return findings, {path.name: path for path in findings.save_dicom(folder / "out")}


class TestValid:
    def test_no_errors(self, result):
        _, files = result
        assert sorted(files) == [
            "picture-01.dcm", "picture-02.dcm", "picture-03.dcm", "report.dcm", "segmentation.dcm",
        ]  # fmt: skip
        assert {name: errors(path) for name, path in files.items()} == {name: [] for name in files}

    def test_the_check_can_fail(self, result, tmp_path):
        ds = pydicom.dcmread(result[1]["segmentation.dcm"])
        del ds.SegmentSequence[0].SegmentLabel
        ds.save_as(tmp_path / "x.dcm")
        assert errors(tmp_path / "x.dcm")

    @pytest.mark.parametrize(
        "edit",
        [
            drop("PatientID", "PatientName", "StudyDate", "StudyDescription", "Manufacturer"),
            drop("FrameOfReferenceUID", "SliceThickness"),
            lambda k, ds: ds.update({"StudyInstanceUID": "1.2/../x", "SOPInstanceUID": f"1.02.{k}{'7' * 70}"}),
            lambda _, ds: ds.update({"PatientBirthDate": "sometime", "PatientSex": "unknown", "StudyID": "x" * 40}),
        ],
    )
    @pytest.mark.parametrize("keep_identity", [False, True])
    def test_of_images_without_what_they_should_state(self, tmp_path, edit, keep_identity):
        write_series(tmp_path / "ct", edit=edit)
        files = load_findings(tmp_path / "ct", 1, keep_identity=keep_identity).save_dicom(tmp_path / "out")
        assert {path.name: errors(path) for path in files} == {path.name: [] for path in files}

    def test_without_lesion_no_segmentation_and_absent(self, tmp_path):
        write_series(tmp_path / "ct")
        files = load_findings(tmp_path / "ct", 0).save_dicom(tmp_path / "out")
        assert [path.name for path in files] == ["report.dcm", "picture-01.dcm"]
        assert errors(files[0]) == []
        groups = read_report(files[0], tmp_path)
        assert [g["Laterality"]["CodeMeaning"] for g in groups] == ["Left", "Right"]
        assert [values(g)["Heterotopic ossification"] for g in groups] == [["Absent"], ["Absent"]]
        assert [values(g)["Number of lesions"] for g in groups] == [0, 0]


def read_report(path, folder):
    status, said = tool("tid1500reader", "--inputDICOM", path, "--outputMetadata", folder / "report.json")
    assert status == 0, said
    return json.loads((folder / "report.json").read_text())["Measurements"]


def values(group):
    """Numbers and codes of a measurement group, by name (and how derived)."""
    found = {}
    for item in group["measurementItems"]:
        derived = item.get("derivationModifier", {}).get("CodeMeaning")
        found[item["quantity"]["CodeMeaning"] + (f", {derived}" if derived else "")] = float(item["value"])
    for item in group["qualitativeEvaluations"]:
        found.setdefault(item["conceptCode"]["CodeMeaning"], []).append(item["conceptValue"]["CodeMeaning"])
    return found


def read_masks(path, folder, findings):
    """Voxels of each segment as dcmqi reads them, on the grid of the findings: by segment number."""
    status, said = tool(
        "segimage2itkimage", "--inputDICOM", path, "--outputDirectory", folder, "--outputType", "nrrd", "-p", "s"
    )
    assert status == 0, said
    masks = {}
    for file in folder.glob("s-*.nrrd"):
        image = sitk.ReadImage(str(file))
        found = np.argwhere(sitk.GetArrayFromImage(image))
        points = [image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]]) for index in found]
        index = findings.volume.grid.to_index(points)
        assert abs(index - index.round()).max() < 0.01
        masks[int(file.stem.removeprefix("s-"))] = {tuple(i) for i in index.round().astype(int).tolist()}
    return masks


class TestReadBack:
    @pytest.mark.parametrize("name", GRIDS)
    def test_masks(self, name, tmp_path):
        write_series(tmp_path / "ct", GRIDS[name], edit=tilt if name == "tilted" else None)
        findings = load_findings(tmp_path / "ct")
        path = next(p for p in findings.save_dicom(tmp_path) if p.name == "segmentation.dcm")
        masks = read_masks(path, tmp_path, findings)
        expected = [{tuple(i) for i in np.argwhere(findings.labels == n.id).tolist()} for n in findings.lesions]
        assert masks == dict(enumerate(expected, start=1))
        assert findings.record.series.resampled == (name == "tilted")
        assert errors(path) == []

    def test_segments(self, result):
        findings, files = result
        seg = pydicom.dcmread(files["segmentation.dcm"])
        for segment, lesion in zip(seg.SegmentSequence, findings.lesions, strict=True):
            assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Ossification"
            region = segment.AnatomicRegionSequence[0]
            assert region.CodeMeaning == "Hip region"
            assert region.AnatomicRegionModifierSequence[0].CodeMeaning.lower() == lesion.side
            assert segment.SegmentAlgorithmType == "AUTOMATIC"
            assert str(lesion.id) in segment.SegmentLabel
        n_slices = sum(len(np.unique(np.argwhere(findings.labels == n.id)[:, 0])) for n in findings.lesions)
        assert seg.NumberOfFrames == n_slices

    def test_numbers_are_those_of_the_record(self, result, tmp_path):
        findings, files = result
        groups = read_report(files["report.dcm"], tmp_path)
        assert len(groups) == len(findings.hips) + len(findings.lesions)
        for hip, group in zip(findings.hips, groups[:2], strict=True):
            found = values(group)
            assert group["Laterality"]["CodeMeaning"].lower() == hip.side
            assert found["Heterotopic ossification"] == [hip.finding.capitalize()]
            assert found["Volume"] == hip.total_volume_mm3
            assert found["Brooker class derived from CT"] == [f"Brooker class {hip.brooker_ct}"]
        seg = pydicom.dcmread(files["segmentation.dcm"], stop_before_pixels=True)
        for number, (lesion, group) in enumerate(zip(findings.lesions, groups[2:], strict=True), start=1):
            found = values(group)
            assert found["Volume"] == lesion.volume_mm3
            assert found["Attenuation Coefficient, Mean"] == lesion.mean_hu
            assert found["Attenuation Coefficient, Maximum"] == lesion.max_hu
            assert found.get("Gap to the femur") == lesion.gap_femur_mm
            maturity = [] if lesion.maturity is None else [lesion.maturity.capitalize()]
            assert found.get("Maturity by attenuation of the rim", []) == maturity
            assert found["Native bone in contact"] == (["Femur"] if lesion.attached_to else ["No native bone"])
            assert group["ReferencedSegment"] == number
            assert group["segmentationSOPInstanceUID"] == seg.SOPInstanceUID
            segment = seg.SegmentSequence[number - 1]
            assert group["TrackingIdentifier"] == segment.TrackingID
            assert group["TrackingUniqueIdentifier"] == segment.TrackingUID

    def test_evidence_is_every_image_and_the_segmentation(self, result):
        findings, files = result
        report = pydicom.dcmread(files["report.dcm"])
        seg = pydicom.dcmread(files["segmentation.dcm"], stop_before_pixels=True)
        found = {
            image.ReferencedSOPInstanceUID
            for study in report.CurrentRequestedProcedureEvidenceSequence
            for series in study.ReferencedSeriesSequence
            for image in series.ReferencedSOPSequence
        }
        images = {ds.SOPInstanceUID for ds in source_images(findings.volume.source)}
        assert found == images | {seg.SOPInstanceUID}

    def test_frames_of_an_enhanced_image(self, tmp_path):
        save(enhanced(), tmp_path / "ct" / "x.dcm")
        findings = load_findings(tmp_path / "ct")
        files = {path.name: path for path in findings.save_dicom(tmp_path)}
        assert {name: errors(path) for name, path in files.items()} == {name: [] for name in files}
        masks = read_masks(files["segmentation.dcm"], tmp_path, findings)
        assert masks[1] == {tuple(i) for i in np.argwhere(findings.labels == 1).tolist()}
        seg = pydicom.dcmread(files["segmentation.dcm"])
        for frame in seg.PerFrameFunctionalGroupsSequence:
            source = frame.DerivationImageSequence[0].SourceImageSequence[0]
            z = float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
            assert source.ReferencedFrameNumber == ENHANCED_ORDER.index(round((z - 700) / 2.5)) + 1

    def test_each_kind_is_a_series_of_its_own(self, tmp_path):
        write_series(tmp_path / "ct")
        files = [pydicom.dcmread(path) for path in load_findings(tmp_path / "ct").save_dicom(tmp_path / "out")]
        numbers = {(ds.Modality, int(ds.SeriesNumber)) for ds in files}
        assert numbers == {("SEG", 9001), ("SR", 9002), ("OT", 9003)}
        assert len({ds.SeriesInstanceUID for ds in files}) == 3

    def test_a_frame_is_referred_to_by_its_number_from_one(self, tmp_path):
        save(enhanced(), tmp_path / "ct" / "x.dcm")
        source = load_findings(tmp_path / "ct").volume.source
        numbers = [reference_of(source, image)[2] for image in source.entry.slices]
        assert numbers == [[ENHANCED_ORDER.index(k) + 1] for k in range(16)]


ENHANCED_ORDER = [int(k) for k in np.random.default_rng(1).permutation(16)]


def enhanced():
    """One multi-frame file with the slices in another order."""
    spec = CtSeries(bits_stored=16)
    ds = make_dataset(spec, 0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    geometry = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = ds.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = ds.PixelSpacing, ds.SliceThickness
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    for name in geometry:
        delattr(ds, name)
    ds.NumberOfFrames, ds.SharedFunctionalGroupsSequence = 16, [shared]
    frames = []
    for k in ENHANCED_ORDER:
        place, frame = Dataset(), Dataset()
        place.ImagePositionPatient = [float(v) for v in spec.position(k)]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    ds.PixelData = b"".join((np.rint(spec.slice_hu(k)) + 1024).astype("<u2").tobytes() for k in ENHANCED_ORDER)
    return ds


class TestIdentity:
    def test_none_unless_asked_for(self, result):
        assert len(result[1]) > 0
        for path in result[1].values():
            data = path.read_bytes()
            assert not [secret for secret in SECRET if secret in data]
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            assert (str(ds.PatientName), ds.PatientID, ds.StudyDate, ds.AccessionNumber) == ("", "", "", "")
            assert ds.PatientIdentityRemoved == "YES"
            assert ds.StudyInstanceUID == result[0].record.series.study_uid

    def test_the_true_one_where_kept(self, tmp_path):
        spec = CtSeries()
        write_series(tmp_path / "ct", spec, edit=lambda _, ds: ds.update({"PatientName": "Mu\u0308ller^Zoe\u0308"}))
        findings = load_findings(tmp_path / "ct", keep_identity=True)
        for path in findings.save_dicom(tmp_path / "out"):
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            assert (ds.PatientID, ds.StudyDate, ds.StudyInstanceUID) == ("SECRET-ID", "20200102", spec.study_uid)
            assert "PatientIdentityRemoved" not in ds
            assert errors(path) == []
        seg = pydicom.dcmread(tmp_path / "out" / "segmentation.dcm")
        refs = {i.ReferencedSOPInstanceUID for s in seg.ReferencedSeriesSequence for i in s.ReferencedInstanceSequence}
        assert refs <= {f"{spec.series_uid}.{k}" for k in range(1, 17)}

    def test_uids_are_those_of_the_findings(self, result, tmp_path):
        findings, files = result
        again = {path.name: path for path in findings.save_dicom(tmp_path)}

        def uids(paths):
            return {name: pydicom.dcmread(path).SOPInstanceUID for name, path in paths.items()}

        assert uids(again) == uids(files)
        changed = msgspec.structs.replace(findings.lesions[0], max_hu=1.0)
        record = msgspec.structs.replace(findings.record, lesions=(changed, *findings.lesions[1:]))
        other = replace(findings, record=record).save_dicom(tmp_path)
        assert not set(uids(files).values()) & {pydicom.dcmread(path).SOPInstanceUID for path in other}


def test_a_large_label_map_stays_small(tmp_path):
    write_series(tmp_path / "ct")
    small = load_findings(tmp_path / "ct")
    grid = Grid.axial((400, 512, 512), (1.0, 1.0, 1.0), (-250.0, -250.0, 0.0))
    slices = [
        msgspec.structs.replace(
            small.volume.source.entry.slices[0],
            path=Path(f"{k}"),
            sop_uid=f"1.2.3.{k}",
            position=(-250.0, -250.0, float(k)),
            spacing=(1.0, 1.0),
        )
        for k in range(400)
    ]
    entry = msgspec.structs.replace(small.volume.source.entry, slices=tuple(slices), rows=512, columns=512)
    volume = HuVolume(
        np.zeros(grid.shape, np.int16), grid, small.record.series, (), SourceSeries(entry, Pseudonyms(KEY))
    )
    labels = np.zeros(grid.shape, np.uint16)
    for n in (1, 2, 3):
        labels[100 * n : 100 * n + 4, 200:250, 200:250] = n
    lesions = tuple(msgspec.structs.replace(small.lesions[0], id=n) for n in (1, 2, 3))
    large = Findings(msgspec.structs.replace(small.record, lesions=lesions), labels, volume)
    segmentation(small, source_images(small.volume.source), Identity.of(small))  # what is imported does not count
    images = source_images(volume.source)
    tracemalloc.start()
    seg = segmentation(large, images, Identity.of(large))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seg.NumberOfFrames == 12
    # far below the label map itself (210 MB), let alone one mask for each lesion
    assert peak < 0.25 * labels.nbytes


def test_findings_without_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match="DICOM"):
        make_findings().save_dicom(tmp_path)


PIXELMED = Path("/usr/share/java/pixelmed.jar")
LIMITS = [f"-Djdk.xml.xpath{name}Limit=0" for name in ("ExprOp", "TotalOp", "ExprGrp")]


@pytest.mark.skipif(shutil.which("java") is None or not PIXELMED.exists(), reason="no Java with pixelmed's validator")
@pytest.mark.parametrize("kept", ["hips", "lesions"])
def test_templates_by_pixelmed(result, tmp_path, kept):
    # it chooses one template for all measurement groups of a report, so each kind of group is judged alone
    ds = pydicom.dcmread(result[1]["report.dcm"])
    groups = next(item for item in ds.ContentSequence if "ContentSequence" in item and is_measurements(item))
    n_hips = len(result[0].hips)
    groups.ContentSequence = groups.ContentSequence[:n_hips] if kept == "hips" else groups.ContentSequence[n_hips:]
    ds.save_as(tmp_path / "sr.dcm")
    done = subprocess.run(
        ["java", *LIMITS, "-cp", PIXELMED, "com.pixelmed.validate.DicomSRValidator", tmp_path / "sr.dcm"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Found Root Template TID_1500" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("Error")] == []


def is_measurements(item):
    return item.ConceptNameCodeSequence[0].CodeValue == "126010"


class TestEqual:
    """The same findings give the same objects, whatever else is written and whoever writes."""

    def test_but_for_dates_and_times(self, result, tmp_path):
        findings, files = result
        again = {path.name: path for path in findings.save_dicom(tmp_path / "out")}
        assert again.keys() == files.keys()
        assert [name for name in files if without_times(files[name]) != without_times(again[name])] == []
        assert any(files[name].read_bytes() != again[name].read_bytes() for name in files)

    def test_whatever_else_is_written(self, result, tmp_path):
        software = result[0].record.software
        more = Settings.from_dict({"output": {"fhir": True, "bones": True}, "threads": 2})
        other = msgspec.structs.replace(software, settings=more)
        one, two = (
            Identity.of(replace(result[0], record=msgspec.structs.replace(result[0].record, software=made)))
            for made in (software, other)
        )
        assert one.tracking_id(1) == two.tracking_id(1)
        assert one.uid("lesion", 1) == two.uid("lesion", 1)
        third = msgspec.structs.replace(software, settings_digest="of other settings")
        changed = replace(result[0], record=msgspec.structs.replace(result[0].record, software=third))
        assert Identity.of(changed).uid("lesion", 1) != one.uid("lesion", 1)
