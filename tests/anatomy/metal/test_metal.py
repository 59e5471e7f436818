"""Metal and its zone: what is metal, how far it is, and what it hides."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy, place
from phantoms import ball, volume

from ho_detect.anatomy.metal.metal import Metal, find_metal
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

SETTINGS = AnatomySettings()
SHAPE, SPACING = (50, 60, 70), (2.0, 1.5, 1.5)
#: LPS mm of the volume's first voxel: a left hip lies in its middle.
ORIGIN = np.array([40.0, -45.0, -50.0])
GRID = Grid.axial(SHAPE, SPACING, ORIGIN)
COARSE = Grid.axial((40, 40, 42), (3.0, 3.0, 3.0), ORIGIN - 6.0)
HEAD = np.array((91.0, 0.0, 0.0))
BALL = (HEAD, 14.0)


def found(*balls, hu=3071.0, inside=True, settings=SETTINGS, origin=ORIGIN):
    grid = Grid.axial(SHAPE, SPACING, origin)
    values = np.full(SHAPE, 55.0)
    for center, radius in balls:
        values[ball(SHAPE, grid.to_index(center), radius, SPACING)] = hu
    whole = np.full(COARSE.shape, inside)
    coarse = Grid.axial(COARSE.shape, COARSE.spacing_mm, origin - 6.0)
    made = volume(values, grid=grid)
    tissue = Tissue(coarse, whole, whole, whole)
    return find_metal(
        made, find_metal_voxels(made, settings), (anatomy("left"),), tissue, [place("left").cavity], settings
    )


class TestFound:
    def test_pieces_add_up(self):
        two = found((np.array((70.0, -20.0, -30.0)), 6.0), (np.array((110.0, 20.0, 30.0)), 8.0))
        assert two.volume_mm3 == pytest.approx(4 / 3 * np.pi * (6**3 + 8**3), rel=0.07)
        assert len(two.index) * GRID.voxel_volume_mm3 == pytest.approx(two.volume_mm3)

    @pytest.mark.parametrize("made", [(), ((HEAD, 3.0),)], ids=["nothing", "a clip"])
    def test_none(self, made):
        metal = found(*made)
        assert (metal.volume_mm3, metal.zone_mm3, metal.record()) == (0.0, 0.0, None)
        points = np.zeros((3, 3))
        assert np.isinf(metal.distance_to(points)).all()
        assert not metal.hides(points).any()
        assert (metal.artefact_at(points) == 0.0).all()

    def test_outside_of_the_body_it_is_none(self):
        assert found(BALL, inside=False).zone is None

    def test_in_the_cavity_away_from_bone_it_is_contrast_medium(self):
        # in the middle of the pelvis, well medial of the socket
        assert (
            found((HEAD + np.array((-75.0, 0.0, 45.0)), 12.0), origin=ORIGIN - np.array((60.0, 0.0, 0.0))).zone is None
        )


class TestZone:
    def test_distance_is_that_to_its_surface_within_the_diagonal_of_a_voxel(self):
        directions = np.random.default_rng(0).normal(size=(200, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        metal = found(BALL)
        for away in (16.0, 20.0, 28.0):
            assert metal.distance_to(HEAD + away * directions) == pytest.approx(away - 14.0, abs=1.5 * 1.8)
        assert metal.distance_to(HEAD[None]) == 0.0

    def test_is_metal_and_what_is_beside_it_and_ends(self):
        metal = found(BALL)
        assert metal.hides(HEAD[None]).all()
        ring = HEAD + np.array([[0.0, away, 0.0] for away in (15.0, 17.0, 40.0)])
        assert metal.hides(ring).tolist() == [True, True, False]
        assert metal.volume_mm3 < metal.zone_mm3 < 4.0 * metal.volume_mm3

    def test_is_larger_where_less_artefact_is_allowed(self):
        zones = [found(BALL, settings=AnatomySettings(artefact_hu=hu)).zone_mm3 for hu in (300.0, 100.0, 40.0)]
        assert zones == sorted(zones)
        assert zones[0] < zones[2]

    def test_the_record_says_both_volumes(self):
        metal = found(BALL)
        record = metal.record()
        assert (record.volume_mm3, record.hidden_volume_mm3) == (round(metal.volume_mm3, 1), round(metal.zone_mm3, 1))

    def test_the_record_names_its_parts(self):
        metal = found(BALL, ((70.0, -20.0, -40.0), 6.0))
        assert [p.kind for p in metal.record().parts] == ["other", "other"]
        assert metal.record().parts == tuple(f.part for f in metal.parts)

    def test_without_metal_nothing_is_hidden(self):
        assert Metal().zone_mm3 == 0.0
