"""What metal lets be judged is split from the rest: nothing is lost, and only the rest is undecided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_detection import MUSCLE_HU, region

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.outline import Outlined, outline
from ho_detect.detection.split.metal import split_at_metal_zone
from ho_detect.image.grid import Grid
from ho_detect.settings import DetectionSettings

SHAPE = (24, 24, 48)
WHOLE = tuple(slice(0, n) for n in SHAPE)
HIDES_MM = 20.0
SETTINGS = DetectionSettings(native_margin_mm=1.5)


def split_parts(mask, metal_x, *, joined=True, distance_mm=None, artefact_hu=0.0, hu=400.0):
    """Part a mask in a grid of 1 mm where metal is the plane of that column and hides 20 mm to either side."""
    grid = Grid.axial(SHAPE, (1.0, 1.0, 1.0))
    away = np.broadcast_to(np.abs(np.arange(SHAPE[2]) - metal_x).astype(np.float32), SHAPE)
    strength = np.broadcast_to(np.float32(artefact_hu), SHAPE)
    metal = Metal(500.0, zone=Zone(grid, away, strength, away < HIDES_MM))
    found = region(np.where(mask, hu, MUSCLE_HU), distance_mm=distance_mm)
    outlined = Outlined(Candidate(WHOLE, mask, joined), 222.0, 8.0, 0.9)
    return split_at_metal_zone(found, outlined, 0.0, metal, SETTINGS), away


def bar(width, start=0, stop=SHAPE[2]):
    mask = np.zeros(SHAPE, bool)
    mask[4 : 4 + width, 4 : 4 + width, start:stop] = True
    return mask


@given(metal_x=st.integers(-60, 100), width=st.integers(3, 16))
@settings(max_examples=40, deadline=None)
def test_parts_are_the_whole_and_each_lies_on_one_side(metal_x, width):
    mask = bar(width)
    parts, away = split_parts(mask, metal_x)
    outside = mask & (away >= HIDES_MM)
    left, right = (outside & side for side in (np.arange(SHAPE[2]) < metal_x, np.arange(SHAPE[2]) >= metal_x))
    large = [side for side in (left, right) if side.sum() >= 200]
    assert len(parts) == (len(large) + (sum(s.sum() for s in large) < mask.sum()) if large else 0)
    if parts:
        assert np.array_equal(np.sum([p.mask for p in parts], axis=0), mask.astype(int))
        assert all(p.is_clear and p.is_split == p.at_metal_zone for p in parts)
    for part, side in zip(parts, large, strict=False):
        assert np.array_equal(part.mask, side)
        # cut only where it goes on in the zone
        assert part.at_metal_zone == bool((mask & (away < HIDES_MM)).any())


def test_small_pieces_are_left_to_the_zone():
    assert split_parts(bar(3, stop=10), 30)[0] == []


@pytest.mark.parametrize(("artefact_hu", "n_parts"), [(0.0, 1), (130.0, 1), (145.0, 0)])
def test_what_is_no_denser_than_the_artefact_is_left_to_the_zone(artefact_hu, n_parts):
    parts, _ = split_parts(bar(10), -100, artefact_hu=artefact_hu)
    assert len(parts) == n_parts


def test_a_lesion_is_split_from_the_streak_it_lies_in_and_outlined_anew():
    streak, lesion = bar(14), bar(10, 16, 32)
    hu = np.where(lesion, 700.0, 200.0)
    parts, _ = split_parts(streak, -100, artefact_hu=60.0, hu=hu)
    own, rest = parts
    assert not own.at_metal_zone
    assert (own.mask & lesion).sum() == lesion.sum()
    # and no more than the edge of bone around it
    assert own.mask.sum() < 2.2 * lesion.sum()
    assert np.array_equal(own.mask | rest.mask, streak)


def test_bone_is_split_from_tissue_that_metal_makes_nearly_as_dense():
    flare, lesion = bar(14), bar(10, 4, 22)
    hu = np.where(lesion, 700.0, 250.0)
    # 250 HU stand out of muscle by 3.25 times the artefact
    own, beside = split_parts(flare, -100, artefact_hu=60.0, hu=hu)[0]
    assert (own.mask & lesion).sum() == lesion.sum()
    assert own.mask.sum() < 2.2 * lesion.sum()
    assert np.array_equal(own.mask | beside.mask, flare)
    assert not (own.mask & beside.mask).any()
    # without bone in it, it is of one piece
    assert len(split_parts(flare, -100, artefact_hu=60.0, hu=np.where(flare, 250.0, 0.0))[0]) == 1


@pytest.mark.parametrize("flare_hu", [150.0, 250.0, 300.0])
def test_a_piece_that_goes_on_in_the_zone_ends_at_half_its_own_height(flare_hu):
    around, lesion = bar(14), np.zeros(SHAPE, bool)
    lesion[6:14, 6:14] = True
    parts, away = split_parts(around, 0, artefact_hu=60.0, hu=np.where(lesion, 700.0, flare_hu))
    cut = parts[0]
    assert cut.at_metal_zone
    assert np.array_equal(cut.mask, lesion & (away >= HIDES_MM))
    assert np.array_equal(np.sum([p.mask for p in parts], axis=0), around.astype(int))


@pytest.mark.parametrize("hu", [700.0, 300.0], ids=["as dense", "fainter"])
def test_two_lesions_that_brightened_tissue_joins_are_a_piece_each(hu):
    """The second lies against the first, all in one flare that goes on in the zone."""
    flare, one, other = bar(14), np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    one[6:16, 5:12, :36] = True
    other[6:16, 13:17, 24:46] = True
    flare[other] = True
    found = split_parts(flare, 0, artefact_hu=20.0, hu=np.where(one, 700.0, np.where(other, hu, 160.0)))[0]
    holding = [
        max((p.mask & lesion & (np.arange(48) >= HIDES_MM)).sum() for p in found[:-1]) for lesion in (one, other)
    ]
    assert holding[0] == (one & (np.arange(48) >= HIDES_MM)).sum()
    assert holding[1] >= 0.9 * other.sum()
    assert np.array_equal(np.sum([p.mask for p in found], axis=0), flare.astype(int))


def test_a_piece_that_goes_on_in_the_zone_keeps_the_base_it_stands_on():
    around, lesion = bar(14), np.zeros(SHAPE, bool)
    lesion[6:14, 6:14] = True
    distance_mm = np.full(SHAPE, 8.0)
    distance_mm[:, :6] = 1.0
    hu = np.where(lesion, 700.0, 250.0)
    cut = split_parts(around, 0, artefact_hu=60.0, hu=hu, distance_mm=distance_mm)[0][0]
    assert cut.joined
    assert (cut.mask & (distance_mm < 1.5)).any()


@pytest.mark.parametrize("stands_at", ["inside", "outside"])
def test_what_stood_on_bone_inside_of_the_zone_alone_is_free_outside_of_it(stands_at):
    distance_mm = np.full(SHAPE, 8.0)
    distance_mm[:, :, : 4 if stands_at == "inside" else 0] = 1.0
    distance_mm[:, :, 44 if stands_at == "outside" else 48 :] = 1.0
    (outside, rest), _ = split_parts(bar(8), 0, distance_mm=distance_mm)
    assert (outside.joined, rest.joined) == (stands_at == "outside", True)


def test_a_part_keeps_its_mask_and_touches_what_it_lies_on():
    distance_mm = np.full(SHAPE, 8.0)
    distance_mm[:, :, 44:] = -1.0
    mask = bar(8, stop=44)
    hu = np.where(mask | (distance_mm < 0), 400.0, MUSCLE_HU)
    found = region(hu, distance_mm=distance_mm, nearest=np.ones(SHAPE))
    outlined = outline(found, Candidate(WHOLE, mask, True, boundary_hu=222.0), DetectionSettings())
    assert np.array_equal(outlined.candidate.mask, mask)
    assert (outlined.candidate.touching, outlined.boundary_hu) == (("femur",), 222.0)
    assert outlined.thickness_mm == pytest.approx(8.0, abs=1.1)
