"""A segmentation read back by others' tools has the voxels of the label map, whatever way the images lie."""

import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
from dicom_files import save, write_series
from dicom_objects import ENHANCED_ORDER, GRIDS, enhanced, errors, read_masks, tilt
from loaded_findings import KEY, load_findings

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.seg import segmentation
from ho_detect.export.dicom.source import source_images
from ho_detect.findings import Findings
from ho_detect.image.grid import Grid
from ho_detect.system.pseudonyms import Pseudonyms


@pytest.mark.parametrize("name", GRIDS)
def test_masks(name, tmp_path):
    write_series(tmp_path / "ct", GRIDS[name], edit=tilt if name == "tilted" else None)
    findings = load_findings(tmp_path / "ct")
    path = next(p for p in findings.save_dicom(tmp_path) if p.name == "segmentation.dcm")
    masks = read_masks(path, tmp_path, findings)
    expected = [{tuple(i) for i in np.argwhere(findings.labels == n.id).tolist()} for n in findings.lesions]
    assert masks == dict(enumerate(expected, start=1))
    assert findings.record.series.resampled == (name == "tilted")
    assert errors(path) == []


def test_segments(result):
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


def test_frames_of_an_enhanced_image(tmp_path):
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
