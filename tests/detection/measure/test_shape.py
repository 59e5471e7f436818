"""Diameters, surface and sphericity of shapes whose form is known, on any spacing."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from phantoms import ball, box

from ho_detect.detection.measure.shape import bounding_box, measure_shape, round_share
from ho_detect.image.grid import Grid, rotation

SPACINGS = [(1.0, 1.0, 1.0), (2.0, 0.8, 0.8), (3.0, 1.0, 1.2)]


def ellipsoid(half_mm, turn_deg, spacing):
    """Mask and grid of an ellipsoid with half axes (x, y, z), turned about z."""
    reach = max(half_mm) + 8.0
    shape = tuple(int(2 * reach / s) for s in spacing)
    grid = Grid.axial(shape, spacing, (-reach,) * 3)
    at = grid.to_lps(np.moveaxis(np.indices(shape), 0, -1)) - [0.13, 0.21, 0.17]
    return ((at @ rotation("z", turn_deg) / np.array(half_mm)) ** 2).sum(axis=-1) <= 1, grid


class TestBall:
    @pytest.mark.parametrize("spacing", SPACINGS)
    def test_of_radius_12(self, spacing):
        shape = tuple(int(34 / s) for s in spacing)
        form = measure_shape(ball(shape, radius=12.0, spacing=spacing), Grid.axial(shape, spacing))
        assert form.axial_long_mm == pytest.approx(24.0, abs=1.3)
        assert form.axial_short_mm == pytest.approx(24.0, abs=1.3)
        # of all directions the longest is the one along which the voxels are
        assert form.max_diameter_mm == pytest.approx(24.0, abs=max(1.3, 0.9 * max(spacing)))
        assert form.surface_area_mm2 == pytest.approx(4 * np.pi * 144, rel=0.05)
        assert form.sphericity > 0.94


class TestEllipsoid:
    @pytest.mark.parametrize("turn_deg", [0.0, 20.0, 45.0])
    @pytest.mark.parametrize("spacing", SPACINGS)
    def test_diameters_do_not_depend_on_pose_or_spacing(self, turn_deg, spacing):
        form = measure_shape(*ellipsoid((16.0, 7.0, 10.0), turn_deg, spacing))
        assert form.max_diameter_mm == pytest.approx(32.0, abs=1.3)
        assert form.axial_long_mm == pytest.approx(32.0, abs=1.3)
        assert form.axial_short_mm == pytest.approx(14.0, abs=1.3)

    def test_sphericity_falls_with_length(self):
        found = [measure_shape(*ellipsoid((a, 6.0, 6.0), 0.0, SPACINGS[0])).sphericity for a in (6.0, 12.0, 24.0)]
        assert found == sorted(found, reverse=True)
        # of a prolate spheroid, exactly
        for a, value in zip((12.0, 24.0), found[1:], strict=True):
            e = np.sqrt(1 - (6.0 / a) ** 2)
            area = 2 * np.pi * 36 * (1 + a / 6.0 / e * np.arcsin(e))
            assert value == pytest.approx(np.pi ** (1 / 3) * (6 * 4 / 3 * np.pi * a * 36) ** (2 / 3) / area, abs=0.05)


class TestSmall:
    def test_one_voxel_is_as_large_as_a_voxel(self):
        form = measure_shape(box((5, 5, 5), (2, 2, 2), (3, 3, 3)), Grid.axial((5, 5, 5), (2.0, 1.0, 0.5)))
        assert (form.axial_long_mm, form.axial_short_mm) == (0.5, 1.0)
        assert form.max_diameter_mm == pytest.approx(0.5)

    def test_a_row_and_a_sheet(self):
        row = measure_shape(box((5, 5, 12), (2, 2, 1), (3, 3, 11)), Grid.axial((5, 5, 12), (1.0, 1.0, 1.0)))
        assert (row.axial_long_mm, row.axial_short_mm, row.max_diameter_mm) == (10.0, 1.0, 10.0)
        sheet = measure_shape(box((5, 9, 12), (2, 1, 1), (3, 8, 11)), Grid.axial((5, 9, 12), (1.0, 1.0, 1.0)))
        assert sheet.axial_long_mm == pytest.approx(np.hypot(9, 6) + 1, abs=0.01)


@given(arrays(bool, (4, 5, 6)), st.sampled_from(SPACINGS))
@settings(max_examples=25)
def test_longest_is_that_of_every_pair(mask, spacing):
    mask[1, 2, 3] = True
    grid = Grid.axial(mask.shape, spacing)
    points = grid.to_lps(np.argwhere(mask))
    longest = max(np.linalg.norm(a - b) for a in points for b in points)
    found = measure_shape(mask, grid).max_diameter_mm
    assert longest < found <= longest + max(spacing) + 0.01


@settings(max_examples=60, deadline=None)
@given(
    mask=arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)),
    spacing_mm=st.tuples(*[st.sampled_from([0.4, 0.8, 1.0, 2.5])] * 3),
)
def test_the_surface_is_that_of_simpleitk(mask, spacing_mm):
    mask[0, 0, 0] = True
    image = Grid.axial(np.add(mask.shape, 2), spacing_mm).to_simpleitk(np.pad(mask, 1).astype(np.uint8))
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOn()
    shape.Execute(image)
    form = measure_shape(mask, Grid.axial(mask.shape, spacing_mm))
    assert form.surface_area_mm2 == pytest.approx(shape.GetPerimeter(1), abs=0.051)


def test_a_bounding_box_is_tight_but_for_its_margin():
    mask = np.zeros((9, 10, 11), bool)
    mask[3:5, 0:4, 7] = True
    assert bounding_box(mask) == (slice(3, 5), slice(0, 4), slice(7, 8))
    assert bounding_box(mask, margin=1) == (slice(2, 6), slice(0, 5), slice(6, 9))


class TestRoundShare:
    GRID = Grid.axial((40, 60, 60), (2.0, 0.8, 0.8))

    def around(self, path_mm, radius_mm):
        """A tube of that radius, or those radii, along the (2,) middles of each slice."""
        at = self.GRID.to_lps(np.moveaxis(np.indices(self.GRID.shape), 0, -1))[..., :2]
        radii = np.broadcast_to(radius_mm, 40)[:, None, None]
        return np.linalg.norm(at - np.asarray(path_mm)[:, None, None, :], axis=-1) < radii

    def test_a_vessel_is_round_wherever_it_runs(self):
        z = np.linspace(0, 1, 40)
        straight = self.around(np.full((40, 2), 24.0), 4.0)
        aslant = self.around(np.stack([12 + 24 * z, 20 + 8 * np.sin(4 * z)], axis=1), 4.0)
        assert round_share(straight, self.GRID.spacing_mm) == 1.0
        assert round_share(aslant, self.GRID.spacing_mm) > 0.95

    def test_what_tapers_branches_or_lies_flat_is_not(self):
        middle = np.full((40, 2), 24.0)
        spur = self.around(middle, np.linspace(1.0, 12.0, 40))
        both = self.around(middle - 8, 4.0) | self.around(middle + 8, 4.0)
        flat = np.zeros(self.GRID.shape, bool)
        flat[:, 28:32, 10:50] = True
        assert round_share(spur, self.GRID.spacing_mm) < 0.7
        assert round_share(both, self.GRID.spacing_mm) == 0.0
        assert round_share(flat, self.GRID.spacing_mm) == 0.0

    def test_does_not_depend_on_the_voxels_nor_on_the_order_of_rows(self):
        mask = self.around(np.stack([np.linspace(12, 36, 40), np.full(40, 24.0)], axis=1), np.linspace(3, 6, 40))
        share = round_share(mask, self.GRID.spacing_mm)
        assert round_share(mask[:, ::-1, ::-1], self.GRID.spacing_mm) == share
        assert round_share(mask.repeat(2, axis=1).repeat(2, axis=2), (2.0, 0.4, 0.4)) == pytest.approx(share, abs=0.06)
