"""Where each structure is stored: under its name, or by a number that something says the meaning of."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
from nifti_masks import write_mask

from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.anatomy.user_masks.names import MUSCLEMAP, MUSCLES, NAMES, TOTAL
from ho_detect.anatomy.user_masks.stored import Stored, stored_masks
from ho_detect.errors import SeriesError
from ho_detect.image.grid import Grid

CT = Grid.axial((30, 40, 50), (2.0, 2.0, 2.0), (-50.0, -40.0, 0.0))
LEFT, RIGHT = np.s_[5:15, 10:20, 30:40], np.s_[5:15, 10:20, 10:20]


def label_file(path, left, right, axes="LPS"):
    """Numbers in two boxes, one to the left."""
    numbers = np.zeros(CT.shape)
    numbers[LEFT], numbers[RIGHT] = left, right
    return write_mask(path, numbers, CT, axes, dtype=np.int16)


def name_labels(path, names):
    """Write names of labels into the header as TotalSegmentator does."""
    image = nibabel.load(path)
    labels = "\n".join(
        f'<Label Key="{n}" Red="1" Green="0" Blue="0" Alpha="1"><![CDATA[{name}]]></Label>' for n, name in names.items()
    )
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, f"<LabelTable>{labels}</LabelTable>".encode()))
    nibabel.save(nibabel.Nifti1Image(image.get_fdata().astype(np.int16), image.affine, image.header), path)


def moose_list(folder, names, prefix="clin_CT_muscles_"):
    listed = {str(n): {"name": name, "SNOMED": {"code": "1"}} for n, name in names.items()}
    (folder / f"{prefix}organ_indices.json").write_text(json.dumps({"organ_indices": listed}))


def lies_where(folder, name):
    """LEFT or RIGHT, where a structure lies, by its volume's center."""
    given = supplied_masks(folder, CT)
    center = {
        side: CT.to_lps([(s.start + s.stop - 1) / 2 for s in box])[None]
        for side, box in (("left", LEFT), ("right", RIGHT))
    }
    return [side for side, at in center.items() if given.within([name], at).all()]


class TestTables:
    def test_every_number_is_of_a_name_that_is_read(self):
        assert {*TOTAL.values(), *MUSCLEMAP.values()} <= set(NAMES)

    def test_no_two_numbers_are_of_one_name(self):
        for table in (TOTAL, MUSCLEMAP):
            assert len(set(table.values())) == len(table) > 20

    def test_each_side_has_its_number(self):
        for table in (TOTAL, MUSCLEMAP):
            lefts = {n for n, name in table.items() if name.endswith("_left")}
            assert {table[n].replace("_left", "_right") for n in lefts} == {table[n + 1] for n in lefts}

    @pytest.mark.parametrize(
        ("table", "number", "name"),
        [(TOTAL, 75, "femur_left"), (TOTAL, 81, "gluteus_maximus_right"), (TOTAL, 25, "sacrum"),
         (MUSCLEMAP, 6121, "gluteus_maximus_left"),
         (MUSCLEMAP, 7222, "adductor_brevis_right"), (MUSCLEMAP, 6172, "femur_right")],
    )  # fmt: skip
    def test_numbers_are_those_published(self, table, number, name):
        assert table[number] == name

    def test_every_name_of_theirs_for_a_muscle_is_a_muscle_here(self):
        assert {f"{n}_{s}" for n in ("psoas_major", "piriformis", "rectus_femoris") for s in ("left", "right")} <= set(
            MUSCLES
        )


class TestTotalSegmentator:
    @pytest.mark.parametrize("axes", ["LPS", "RAS", "SPL"])
    def test_one_file_of_all_numbers(self, tmp_path, axes):
        label_file(tmp_path / "total.nii.gz", 80, 81, axes)
        assert lies_where(tmp_path, "gluteus_maximus_left") == ["left"]
        assert lies_where(tmp_path, "gluteus_maximus_right") == ["right"]
        assert supplied_masks(tmp_path, CT).names == ("gluteus_maximus_left", "gluteus_maximus_right")

    def test_what_its_header_says_holds_whatever_the_file_is_called(self, tmp_path):
        name_labels(label_file(tmp_path / "any.nii.gz", 1, 2), {1: "iliopsoas_left", 2: "spleen", 3: "sacrum"})
        assert lies_where(tmp_path, "iliopsoas_left") == ["left"]
        assert supplied_masks(tmp_path, CT).names == ("iliopsoas_left",)

    def test_the_header_goes_before_the_table(self, tmp_path):
        name_labels(label_file(tmp_path / "total.nii", 80, 94), {80: "sacrum", 94: "gluteus_maximus_right"})
        assert list(stored_masks(tmp_path)) == ["sacrum", "gluteus_maximus_right"]

    def test_the_header_goes_before_the_name_of_the_file(self, tmp_path):
        name_labels(label_file(tmp_path / "ct_dseg.nii.gz", 6101, 2), {6101: "colon"})
        assert list(stored_masks(tmp_path)) == ["colon"]

    @pytest.mark.parametrize("data", [b"", b"no image", b"\x1f\x8b\x08\0\0\0\0\0\0\3broken"])
    def test_other_files_are_left_whatever_they_hold(self, tmp_path, data):
        (tmp_path / "scan.nii.gz").write_bytes(data)
        (tmp_path / "folder.nii").mkdir()
        assert stored_masks(tmp_path) == {}

    def test_numbers_that_nothing_says_the_meaning_of_are_not_read(self, tmp_path):
        label_file(tmp_path / "labels.nii.gz", 80, 81)
        assert stored_masks(tmp_path) == {}

    def test_bones_too(self, tmp_path):
        label_file(tmp_path / "total.nii.gz", 75, 76)
        given = supplied_masks(tmp_path, CT)
        assert set(given.bones) == {"femur_left", "femur_right"}
        found = given.bones["femur_left"].on(CT)
        assert found[LEFT].all()
        assert found.sum() == found[LEFT].size


class TestMuscleMap:
    def test_its_label_file(self, tmp_path):
        label_file(tmp_path / "ct_dseg.nii.gz", 6181, 6182)
        assert lies_where(tmp_path, "piriformis_left") == ["left"]
        assert lies_where(tmp_path, "piriformis_right") == ["right"]

    def test_its_ilium_is_no_hip_bone(self, tmp_path):
        label_file(tmp_path / "ct_dseg.nii.gz", 6151, 6101)
        assert supplied_masks(tmp_path, CT).names == ("gluteus_minimus_left",)


class TestMoose:
    @pytest.mark.parametrize("numbers", [(1, 2), (3, 4)])
    def test_the_list_beside_the_file_says_which_number_is_what(self, tmp_path, numbers):
        label_file(tmp_path / "clin_CT_muscles_segmentation_CT_1.nii.gz", *numbers)
        moose_list(tmp_path, dict(zip(numbers, ("gluteus_maximus_left", "gluteus_maximus_right"), strict=True)))
        assert lies_where(tmp_path, "gluteus_maximus_left") == ["left"]

    def test_its_own_words_are_known(self, tmp_path):
        label_file(tmp_path / "clin_CT_vertebrae_segmentation_x.nii.gz", 24, 3)
        moose_list(tmp_path, {24: "vertebra_L5", 3: "bladder"}, "clin_CT_vertebrae_")
        assert supplied_masks(tmp_path, CT).names == ("vertebrae_L5", "urinary_bladder")

    def test_without_the_list_it_is_refused_in_words(self, tmp_path):
        label_file(tmp_path / "CT_Muscles_x.nii.gz", 1, 2)
        with pytest.raises(SeriesError, match=r"MOOSE's numbers differ .* CT_Muscles_organ_indices.json beside it"):
            stored_masks(tmp_path)

    @pytest.mark.parametrize(
        "text", ["", "{}", '{"organ_indices": {"x": {"name": "a"}}}', '{"organ_indices": {"1": 2}}']
    )
    def test_a_list_that_is_none_is_refused(self, tmp_path, text):
        label_file(tmp_path / "clin_CT_muscles_x.nii.gz", 1, 2)
        (tmp_path / "clin_CT_muscles_organ_indices.json").write_text(text)
        with pytest.raises(SeriesError, match="cannot be read as MOOSE's list"):
            stored_masks(tmp_path)


class TestSeveral:
    def test_a_file_of_its_own_then_musclemap_then_totalsegmentator_then_moose(self, tmp_path):
        label_file(tmp_path / "clin_CT_muscles_x.nii.gz", 1, 2)
        moose_list(tmp_path, {1: "gluteus_maximus_left"})
        expected = [Stored(tmp_path / "clin_CT_muscles_x.nii.gz", 1)]
        for name, label in (("total.nii.gz", 80), ("a_dseg.nii.gz", 6121), ("gluteus_maximus_left.nii.gz", None)):
            label_file(tmp_path / name, 1, 0)
            expected.append(Stored(tmp_path / name, label))
            assert stored_masks(tmp_path)["gluteus_maximus_left"] == expected[-1]
        assert len(set(expected)) == 4

    def test_two_of_one_kind_are_refused(self, tmp_path):
        for name in ("a_dseg.nii.gz", "b_dseg.nii.gz"):
            label_file(tmp_path / name, 6101, 6102)
        with pytest.raises(SeriesError, match=r"a_dseg.* and b_dseg.*: one of them is meant"):
            stored_masks(tmp_path)

    def test_numbers_out_of_range_are_no_structure(self, tmp_path):
        numbers = np.zeros(CT.shape)
        numbers[LEFT], numbers[RIGHT] = 80, 3e9
        write_mask(tmp_path / "total.nii.gz", numbers, CT, dtype=np.float64)
        assert supplied_masks(tmp_path, CT).names == ("gluteus_maximus_left",)
