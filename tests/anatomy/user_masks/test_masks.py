"""Masks given by the user: whatever grid and axes they are stored on, they lie where their geometry says."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from nifti_masks import write_mask

from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.anatomy.user_masks.names import BONES, MUSCLES, NAMES, ORGANS, OTHER_BONES
from ho_detect.anatomy.user_masks.stored import stored_masks
from ho_detect.errors import SeriesError
from ho_detect.image.grid import Grid, rotation

CT = Grid.axial((40, 60, 70), (2.0, 1.0, 1.0), (-100.0, 50.0, -300.0))
CENTER, RADIUS = CT.to_lps([20, 25, 30]), 14.0


def ball(grid, center=CENTER, radius=RADIUS):
    at = grid.to_lps(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1))
    return np.linalg.norm(at - center, axis=-1) <= radius


def points(n=4000):
    """Points in and around the ball, none so near to its surface that the voxel decides."""
    at = np.random.default_rng(0).uniform(-25, 25, (n, 3))
    away = np.linalg.norm(at, axis=1)
    clear = np.abs(away - RADIUS) > 3.0
    return CENTER + at[clear], (away < RADIUS)[clear]


def turned(degrees):
    affine = np.eye(4)
    affine[:3, :3] = rotation("z", degrees) @ np.diag([1.3, 1.3, 1.3]) @ np.eye(3)[:, ::-1]
    affine[:3, 3] = CENTER - affine[:3, :3] @ np.array([24.5, 24.5, 24.5])
    return Grid((50, 50, 50), affine)


GRIDS = {
    "the CT's own": CT,
    "coarser": Grid.axial((30, 30, 30), (3.0, 3.0, 3.0), CENTER - 45),
    "finer, only around it": Grid.axial((46, 46, 46), (0.7, 0.7, 0.7), CENTER - 16),
    "larger than the CT": Grid.axial((80, 80, 80), (3.5, 3.5, 3.5), CENTER - 140),
    "turned": turned(20.0),
}


class TestPlace:
    @pytest.mark.parametrize("axes", ["RAS", "LPS", "SPL", "PIR"])
    @pytest.mark.parametrize("grid", GRIDS)
    def test_is_that_of_its_geometry(self, tmp_path, axes, grid):
        write_mask(tmp_path / "sacrum.nii", ball(GRIDS[grid]), GRIDS[grid], axes)
        at, inside = points()
        assert (supplied_masks(tmp_path, CT).within(["sacrum"], at) == inside).all()

    @pytest.mark.parametrize("axes", ["LPS", "PIR"])
    @pytest.mark.parametrize("grid", GRIDS)
    def test_of_bones_too(self, tmp_path, axes, grid):
        write_mask(tmp_path / "femur_left.nii.gz", ball(GRIDS[grid]), GRIDS[grid], axes)
        given = supplied_masks(tmp_path, CT)
        found = given.bones["femur_left"].on(CT)
        deep, away = ball(CT, radius=RADIUS - 3), ~ball(CT, radius=RADIUS + 3)
        assert found[deep].all()
        assert not found[away].any()
        assert not given.labels.any()

    def test_of_an_organ_reaches_one_voxel_farther(self, tmp_path):
        outward = np.random.default_rng(0).normal(size=(200, 3))
        near = CENTER + (RADIUS + 1.0) * outward / np.linalg.norm(outward, axis=1, keepdims=True)
        shares = {}
        for name in ("colon", "iliopsoas_left"):
            write_mask(tmp_path / name / f"{name}.nii", ball(CT), CT)
            shares[name] = supplied_masks(tmp_path / name, CT).within([name], near).mean()
        assert shares["colon"] > 0.5
        assert shares["iliopsoas_left"] < 0.3

    def test_outside_of_the_ct_nothing_lies(self, tmp_path):
        write_mask(tmp_path / "sacrum.nii", np.ones(CT.shape), CT)
        far = CENTER + np.array([[500.0, 0, 0], [0, -500, 0], [0, 0, 900]])
        assert not supplied_masks(tmp_path, CT).within(["sacrum"], far).any()

    def test_where_two_overlap_the_earlier_name_holds(self, tmp_path):
        for name in ("sacrum", "colon"):
            write_mask(tmp_path / f"{name}.nii", ball(CT), CT)
        given = supplied_masks(tmp_path, CT)
        assert given.within(["sacrum"], CENTER[None]).all()
        assert not given.within(["colon"], CENTER[None]).any()


class TestWhatIsRead:
    def test_names_are_unique_and_of_one_kind(self):
        assert len(set(NAMES)) == len(NAMES) == len(BONES) + len(OTHER_BONES) + len(ORGANS) + len(MUSCLES) < 255

    def test_no_folder_no_masks(self):
        given = supplied_masks(None, CT)
        assert (given.names, given.bones, given.unused) == ((), {}, ())
        assert not given.within(NAMES, CENTER[None]).any()

    @pytest.mark.parametrize(("dtype", "value"), [(np.uint8, 255), (np.float32, 0.9), (np.int16, 1)])
    def test_other_values_than_one(self, tmp_path, dtype, value):
        write_mask(tmp_path / "sacrum.nii.gz", ball(CT), CT, dtype=dtype, inside_value=value)
        assert supplied_masks(tmp_path, CT).within(["sacrum"], CENTER[None]).all()

    def test_known_names_only_in_their_order(self, tmp_path):
        for name in ("liver", "sacrum", "femur_left", "notes"):
            write_mask(tmp_path / f"{name}.nii.gz", ball(CT), CT)
        assert list(stored_masks(tmp_path)) == ["femur_left", "sacrum"]
        assert supplied_masks(tmp_path, CT).names == ("femur_left", "sacrum")

    def test_a_mask_without_a_voxel_in_the_ct_is_not_used(self, tmp_path):
        write_mask(tmp_path / "sacrum.nii.gz", ball(CT), CT)
        write_mask(tmp_path / "colon.nii.gz", np.zeros(CT.shape), CT)
        wide = GRIDS["larger than the CT"]
        write_mask(tmp_path / "aorta.nii", ball(wide, CENTER + np.array([0, 0, 110.0]), 10), wide)
        assert supplied_masks(tmp_path, CT).names == ("sacrum",)


class TestErrors:
    def said(self, folder):
        with pytest.raises(SeriesError) as error:
            supplied_masks(folder, CT)
        assert error.value.reason == "bad_anatomy"
        assert str(folder) not in str(error.value)
        return str(error.value)

    @pytest.mark.parametrize("name", ["femur_left.nii.gz", "sacrum.nii"])
    def test_a_file_that_is_no_nifti_is_named(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"not an image" * 50)
        assert f"{name} cannot be read" in self.said(tmp_path)

    @pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
    @pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
    def test_a_file_cut_short_is_named(self, tmp_path, suffix, share):
        path = write_mask(tmp_path / f"femur_left{suffix}", ball(CT), CT)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        assert path.name in self.said(tmp_path)

    def test_a_file_that_lies_elsewhere_is_named(self, tmp_path):
        write_mask(tmp_path / "sacrum.nii.gz", ball(CT), CT)
        away = Grid.axial(CT.shape, CT.spacing_mm, CT.origin_lps_mm + np.array([0, 0, 500.0]))
        write_mask(tmp_path / "femur_left.nii.gz", np.ones(CT.shape), away)
        assert "femur_left.nii.gz lies outside of the CT" in self.said(tmp_path)

    def test_a_file_without_a_place_is_named(self, tmp_path):
        image = nibabel.Nifti1Image(ball(CT).astype(np.uint8), None)
        image.header["sform_code"] = image.header["qform_code"] = 0
        nibabel.save(image, tmp_path / "sacrum.nii")
        assert "sacrum.nii states no place" in self.said(tmp_path)

    def test_one_name_twice(self, tmp_path):
        for suffix in (".nii", ".nii.gz"):
            write_mask(tmp_path / f"sacrum{suffix}", ball(CT), CT)
        assert "sacrum.nii and sacrum.nii.gz" in self.said(tmp_path)

    def test_nothing_known_and_nothing_in_view(self, tmp_path):
        write_mask(tmp_path / "liver.nii", ball(CT), CT)
        assert "no mask of a known name" in self.said(tmp_path)
        write_mask(tmp_path / "colon.nii", np.zeros(CT.shape), CT)
        assert "1 masks, none with a voxel in the CT" in self.said(tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path):
        assert "cannot be read" in self.said(tmp_path / "none")

    def test_an_image_of_another_dimension(self, tmp_path):
        nibabel.save(nibabel.Nifti1Image(np.ones((5, 5, 5, 3), np.uint8), np.eye(4)), tmp_path / "sacrum.nii")
        assert "sacrum.nii cannot be read" in self.said(tmp_path)
