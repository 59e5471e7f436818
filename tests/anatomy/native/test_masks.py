"""Native femur and hip bone as a label map: on the CT's own grid, where the bones are, without what has grown there."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from model_hips import BRIDGE, ISLAND, Plan, analysed, scan, surface
from nifti_masks import write_mask

from ho_detect.analyze import analyze
from ho_detect.anatomy.native.masks import LABELS, NativeBone
from ho_detect.findings import Findings
from ho_detect.image.grid import Grid
from ho_detect.image.surfaces import voxelised
from ho_detect.settings import OutputSettings
from ho_detect.system.files import BONES_FILE

PLAN = Plan((ISLAND, BRIDGE))
NAMES = {"femur_left": ("femur", "left"), "femur_right": ("femur", "right"),
         "hip_left": ("pelvis", "left"), "hip_right": ("pelvis", "right")}  # fmt: skip


@lru_cache(maxsize=1)
def findings():
    return Findings.of(replace(analysed(PLAN).result, output=OutputSettings(bones=True)))


def true(name, grid):
    return voxelised(grid, *surface(*NAMES[name])) > 0


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("name", LABELS)
def test_each_bone_is_where_it_is(name):
    found = findings().native_bone() == LABELS[name]
    truth = true(name, findings().volume.grid)
    assert dice(found, truth) > 0.93
    assert np.abs(np.argwhere(found).mean(axis=0) - np.argwhere(truth).mean(axis=0)).max() < 1.0


def test_no_voxel_is_bone_and_lesion():
    assert (findings().labels > 0).any()
    assert not (findings().native_bone()[findings().labels > 0]).any()


def test_the_file_lies_on_the_ct_for_every_reader(tmp_path):
    findings().save(tmp_path)
    grid, labels = findings().volume.grid, findings().native_bone()
    itk, nib = sitk.ReadImage(str(tmp_path / BONES_FILE)), nibabel.load(tmp_path / BONES_FILE)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(itk), labels)
    for name, value in LABELS.items():
        center = grid.to_lps(np.argwhere(labels == value)).mean(axis=0)
        ras = nibabel.affines.apply_affine(nib.affine, np.argwhere(np.asarray(nib.dataobj) == value)).mean(axis=0)
        np.testing.assert_allclose(ras, center * [-1, -1, 1], atol=1e-3)
        index = [int(i) for i in np.argwhere(labels == value)[0]]
        np.testing.assert_allclose(itk.TransformIndexToPhysicalPoint(index[::-1]), grid.to_lps(index), atol=1e-3)
        assert (center[0] > 0) == name.endswith("left")


def test_it_is_written_only_where_it_was_asked_for(tmp_path):
    replace(findings(), output=OutputSettings()).save(tmp_path)
    assert not (tmp_path / BONES_FILE).exists()


@pytest.mark.parametrize(("order", "flip"), [((0, 1, 2), (1, 1, -1)), ((1, 2, 0), (1, 1, 1)), ((2, 0, 1), (-1, -1, 1))])
def test_any_axes_show_the_same_bones(order, flip):
    bones, grid = findings().bones, findings().volume.grid
    step = tuple(slice(None, None, s) for s in flip)
    affine = np.eye(4)
    affine[:3, :3] = grid.affine[:3, :3][:, order] * flip
    shape = tuple(grid.shape[a] for a in order)
    first = np.zeros(3)
    first[list(order)] = [(n - 1) * (s < 0) for n, s in zip(shape, flip, strict=True)]
    affine[:3, 3] = grid.to_lps(first)
    expected = bones.labels(grid).transpose(order)[step]
    np.testing.assert_array_equal(bones.labels(Grid(shape, affine)), expected)


def test_a_mask_given_takes_the_place_of_the_surface_where_it_holds(tmp_path):
    grid = scan(PLAN).volume.grid
    truth = true("femur_left", grid)
    write_mask(tmp_path / "femur_left.nii", truth, grid)
    found = analyze(scan(PLAN).volume, anatomy=tmp_path).native_bone() == LABELS["femur_left"]
    assert dice(found, truth) > max(0.97, dice(findings().native_bone() == LABELS["femur_left"], truth))


def test_a_hip_beside_metal_has_the_bones_that_the_fit_expects_and_no_hip_has_none():
    hidden = analysed(Plan((ISLAND,), metal="right")).result
    assert next(h for h in hidden.hips if h.side == "right").status == "assessed_beside_metal"
    assert set(np.unique(hidden.native_bone())) == {0, *LABELS.values()}
    assert not NativeBone().labels(findings().volume.grid).any()
