"""Masks of muscles: they name the muscle group near them, and what lies in them lies deep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from nifti_masks import write_mask

from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.anatomy.user_masks.muscle import UserMuscles, deep_to_skin, with_user_muscles
from ho_detect.image.grid import Grid

CT = Grid.axial((50, 50, 50), (2.0, 2.0, 2.0))
#: Where the mask begins, mm to the left.
BORDER_MM = 60.0


@dataclass(frozen=True)
class Otherwise:
    """What says the same of every place."""

    def region_of(self, points):
        return ("vasti" if len(points) else None), "position"


@pytest.fixture
def muscle(tmp_path):
    """Masks of one muscle that fills the left part of the volume."""

    def make(name="gluteus_minimus_left"):
        inside = np.zeros(CT.shape, bool)
        inside[:, :, round(BORDER_MM / 2) :] = True
        write_mask(tmp_path / f"{name}.nii", inside, CT)
        return supplied_masks(tmp_path, CT)

    return make


def around(x_mm, n=100):
    return np.array([x_mm, 50.0, 50.0]) + np.random.default_rng(1).uniform(-2, 2, (n, 3))


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("gluteus_minimus_left", "gluteus_medius_minimus"),
        ("gluteus_maximus_right", "gluteus_maximus"),
        ("iliopsoas_left", "iliopsoas_rectus_femoris"),
        ("thigh_medial_compartment_left", "adductors_obturators"),
        ("quadriceps_femoris_right", "vasti"),
    ],
)
def test_what_lies_in_a_mask_belongs_to_its_group(muscle, name, group):
    assert UserMuscles(muscle(name), Otherwise()).region_of(around(80)) == (group, "given_masks")


@pytest.mark.parametrize(
    ("x_mm", "source"), [(63, "given_masks"), (57, "given_masks"), (50, "position"), (5, "position")]
)
def test_what_lies_beside_a_mask_belongs_to_it_within_5_mm(muscle, x_mm, source):
    assert UserMuscles(muscle(), Otherwise()).region_of(around(x_mm))[1] == source


def test_a_muscle_of_no_group_names_none(muscle):
    assert with_user_muscles({}, muscle("sartorius_left")) == {}
    assert UserMuscles(muscle("sartorius_left"), Otherwise()).region_of(around(80)) == ("vasti", "position")


def test_what_lies_in_a_mask_lies_deep_but_not_outside_of_the_body(muscle):
    grid = Grid.axial((30, 30, 30), (3.0, 3.0, 3.0))
    body = np.zeros(grid.shape, bool)
    body[5:] = True
    tissue = Tissue(grid, body, np.zeros(grid.shape, bool), np.zeros(grid.shape, bool))
    deep = deep_to_skin(tissue, muscle()).deep
    assert deep[5:, :, 21:].all()
    assert not deep[:5].any()
    assert not deep[:, :, :19].any()
    assert deep_to_skin(tissue, supplied_masks(None, CT)) is tissue
