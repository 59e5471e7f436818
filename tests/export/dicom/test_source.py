"""The images that a result was made from are referred to as they were stored."""

from dicom_files import save
from dicom_objects import ENHANCED_ORDER, enhanced
from loaded_findings import load_findings

from ho_detect.export.dicom.source import reference_of


def test_a_frame_is_referred_to_by_its_number_from_one(tmp_path):
    save(enhanced(), tmp_path / "ct" / "x.dcm")
    source = load_findings(tmp_path / "ct").volume.source
    numbers = [reference_of(source, image)[2] for image in source.entry.slices]
    assert numbers == [[ENHANCED_ORDER.index(k) + 1] for k in range(16)]
