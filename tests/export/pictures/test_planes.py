"""A picture shows each voxel where the patient has it, whatever way the scan is stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_findings, make_grids

from ho_detect.export.pictures.planes import coronal_projection, direction, plane_through

GRIDS = make_grids()
PLANES = ("axial", "coronal", "sagittal")


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("name", GRIDS)
def test_a_voxel_is_where_its_place_says(name, plane):
    volume = make_findings(GRIDS[name]).volume
    rng = np.random.default_rng(1)
    hu = rng.permutation(volume.hu.size).astype(np.int16).reshape(volume.hu.shape)
    volume.hu[:] = hu
    labels = np.zeros(hu.shape, np.uint16)
    for k in range(6):
        index = rng.integers(0, hu.shape) if k else np.array(hu.shape) // 2
        point = volume.grid.to_lps(index)
        labels[:] = 0
        labels[tuple(index)] = 7
        view = plane_through(volume, labels, plane, point)
        right, down, away = view.place(point)
        row, column = round(down / view.spacing_mm[0]), round(right / view.spacing_mm[1])
        assert away == pytest.approx(0.0, abs=1e-6)
        assert view.hu[row, column] == hu[tuple(index)]
        assert np.argwhere(view.labels).tolist() == [[row, column]]


@pytest.mark.parametrize("name", ["axial"])
def test_letters_are_those_a_radiologist_expects(name):
    findings = make_findings(GRIDS[name])
    letters = {p: plane_through(findings.volume, findings.labels, p, (0.0, 0.0, 0.0)).letters for p in PLANES}
    assert letters == {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "S", "I"),
        "sagittal": ("A", "P", "S", "I"),
    }


@pytest.mark.parametrize("name", GRIDS)
def test_a_projection_has_the_highest_hu_and_every_lesion(name):
    findings = make_findings(GRIDS[name])
    view = coronal_projection(findings.volume, findings.labels, [])
    assert view.is_projection
    assert view.hu.max() == findings.volume.hu.max()
    assert set(np.unique(view.labels)) == set(np.unique(findings.labels))


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1))
def test_directions_are_opposite_where_vectors_are(vector):
    other = {"L": "R", "R": "L", "P": "A", "A": "P", "S": "I", "I": "S"}
    there, back = direction(np.array(vector)), direction(-np.array(vector))
    assert 1 <= len(there) <= 3
    assert sorted(other[letter] for letter in there) == sorted(back)
