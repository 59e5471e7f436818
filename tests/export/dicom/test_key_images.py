"""Key images: an overview, then planes through the largest lesions, as colour pictures of the study."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pydicom
import pytest

from ho_detect.export.dicom.identity import Identity
from ho_detect.export.dicom.key_images import MOST_LESIONS, key_images
from ho_detect.export.dicom.source import source_images


def pictures(findings):
    return list(key_images(findings, source_images(findings.volume.source)[0], Identity.of(findings)))


def test_one_over_all_and_one_for_each_lesion(result):
    findings, files = result
    written = sorted(name for name in files if name.startswith("picture"))
    assert len(written) == 1 + len(findings.lesions)
    for name in ("picture-01.dcm", "picture-02.dcm", "picture-03.dcm"):
        pixels = pydicom.dcmread(files[name]).pixel_array
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        # a picture, not a plain field
        assert len({tuple(p) for p in pixels.reshape(-1, 3)[::97]}) > 10


def test_uids_are_their_own_and_the_same_again(result):
    findings, _ = result
    one, again = pictures(findings), pictures(findings)
    uids = [image.SOPInstanceUID for image in one]
    assert len(set(uids)) == len(uids) == 1 + len(findings.lesions)
    assert uids == [image.SOPInstanceUID for image in again]
    assert {image.StudyInstanceUID for image in one} == {findings.record.series.study_uid}


def test_of_many_lesions_the_largest_are_shown(result):
    findings, _ = result
    (first, *_) = findings.lesions
    many = tuple(msgspec.structs.replace(first, id=first.id, volume_mm3=float(k)) for k in range(1, MOST_LESIONS + 4))
    shown = pictures(replace(findings, record=msgspec.structs.replace(findings.record, lesions=many)))
    assert len(shown) == 1 + MOST_LESIONS


@pytest.mark.parametrize("number", [1, 2, 3])
def test_nobody_is_named_on_one(result, number):
    ds = pydicom.dcmread(result[1][f"picture-0{number}.dcm"])
    assert (str(ds.PatientName), ds.PatientID, ds.StudyDate) == ("", "", "")
