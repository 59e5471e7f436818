"""A plane is named so that it is found again in the series that it is from."""

import numpy as np
import pytest
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings
from made_findings import make_findings

from ho_detect.export.pictures.planes import coronal_projection, plane_through
from ho_detect.export.pictures.slice_words import slice_words


@pytest.mark.parametrize("step", [2.0, -2.0])
def test_the_slice_number_is_that_of_the_label_map_and_the_instance_that_of_the_image(tmp_path, step):
    def numbered(k, dataset):
        dataset.InstanceNumber = 100 + k

    write_series(tmp_path, CtSeries(step=step), edit=numbered)
    findings = load_findings(tmp_path)
    volume = findings.volume
    for k in (0, 5, 15):
        point = volume.grid.to_lps([k, 20, 20])
        words = slice_words(volume, plane_through(volume, findings.labels, "axial", point))
        source = sorted(volume.source.entry.slices, key=lambda s: np.linalg.norm(np.array(s.position)[2] - point[2]))[0]
        z = f"{point[2]:.1f}".replace("-", "−")
        assert words == f"slice {k + 1} of 16 · table position z {z} mm · instance number {source.instance}"
        assert 100 <= source.instance <= 115


def test_other_planes_are_rows_and_columns_a_projection_is_none():
    findings = make_findings()
    volume, labels = findings.volume, findings.labels
    assert slice_words(volume, plane_through(volume, labels, "coronal", (0, -2.0, 0))) == "row 11 of 24 · y −2.0 mm"
    assert slice_words(volume, plane_through(volume, labels, "sagittal", (3.0, 0, 0))) == "column 24 of 40 · x 3.0 mm"
    assert slice_words(volume, coronal_projection(volume, labels, [])) == ""
