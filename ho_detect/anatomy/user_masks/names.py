"""The structures that masks are read of: their names, the numbers that segmenters give them, and the muscle groups.

Names are TotalSegmentator's; of muscles that it does not have, those of MuscleMap with ``_`` between the words.
"""

from __future__ import annotations

from typing import Final

from ho_detect.anatomy.regions.muscle_names import MuscleGroup
from ho_detect.image.sides import SIDES, Side

#: The bones whose native surface is wanted, as side and name of ours.
BONES: dict[str, tuple[Side, str]] = {
    f"{theirs}_{side}": (side, ours) for theirs, ours in (("femur", "femur"), ("hip", "pelvis")) for side in SIDES
}
#: Bones on which nothing is looked for.
OTHER_BONES = ("sacrum", "vertebrae_S1", "vertebrae_L5", "vertebrae_L4", "vertebrae_L3")
#: Muscles and their group; None: in no group. The first are those of TotalSegmentator's tasks ``total`` and
#: ``thigh_shoulder_muscles``, the others MuscleMap's.
_GROUPS: dict[str, MuscleGroup | None] = {
    "iliopsoas": "iliopsoas_rectus_femoris",
    "gluteus_medius": "gluteus_medius_minimus",
    "gluteus_minimus": "gluteus_medius_minimus",
    "gluteus_maximus": "gluteus_maximus",
    "thigh_medial_compartment": "adductors_obturators",
    "thigh_posterior_compartment": "hamstrings",
    "quadriceps_femoris": "vasti",
    "sartorius": None,
    "autochthon": None,
    "psoas_major": "iliopsoas_rectus_femoris",
    "iliacus": "iliopsoas_rectus_femoris",
    "rectus_femoris": "iliopsoas_rectus_femoris",
    "tensor_fasciae_latae": None,
    "piriformis": "external_rotators",
    "gemelli_and_quadratus_femoris": "external_rotators",
    "obturator_internus": "adductors_obturators",
    "obturator_externus": "adductors_obturators",
    "pectineus": "adductors_obturators",
    "gracilis": "adductors_obturators",
    "adductor_magnus": "adductors_obturators",
    "adductor_longus": "adductors_obturators",
    "adductor_brevis": "adductors_obturators",
    "semimembranosus": "hamstrings",
    "semitendinosus": "hamstrings",
    "biceps_femoris_long_head": "hamstrings",
    "biceps_femoris_short_head": "hamstrings",
    "vastus_lateralis": "vasti",
    "vastus_intermedius": "vasti",
    "vastus_medialis": "vasti",
}
MUSCLES = {f"{name}_{side}": group for name, group in _GROUPS.items() for side in SIDES}
#: What is dense within these is their content or their wall.
ORGANS = (
    "urinary_bladder", "prostate", "colon", "small_bowel", "aorta", "inferior_vena_cava",
    "iliac_artery_left", "iliac_artery_right", "iliac_vena_left", "iliac_vena_right",
)  # fmt: skip
#: All names that are read; where two masks overlap, outside of the femurs and hip bones, the earlier name holds.
NAMES = (*BONES, *OTHER_BONES, *ORGANS, *MUSCLES)

#: Numbers of task ``total`` of TotalSegmentator 2, of what is read (its ``map_to_binary.py``); version 1 had others.
TOTAL: Final[dict[int, str]] = {
    18: "small_bowel", 20: "colon", 21: "urinary_bladder", 22: "prostate", 25: "sacrum", 26: "vertebrae_S1",
    27: "vertebrae_L5", 28: "vertebrae_L4", 29: "vertebrae_L3", 52: "aorta", 63: "inferior_vena_cava",
    65: "iliac_artery_left", 66: "iliac_artery_right", 67: "iliac_vena_left", 68: "iliac_vena_right",
    75: "femur_left", 76: "femur_right", 77: "hip_left", 78: "hip_right", 80: "gluteus_maximus_left",
    81: "gluteus_maximus_right", 82: "gluteus_medius_left", 83: "gluteus_medius_right", 84: "gluteus_minimus_left",
    85: "gluteus_minimus_right", 86: "autochthon_left", 87: "autochthon_right", 88: "iliopsoas_left",
    89: "iliopsoas_right",
}  # fmt: skip
#: Numbers of MuscleMap without their last digit, which is 1 for left and 2 for right (its ``muscle-anatomy`` page).
_MUSCLEMAP: Final[dict[int, str]] = {
    512: "psoas_major", 610: "gluteus_minimus", 611: "gluteus_medius", 612: "gluteus_maximus",
    613: "tensor_fasciae_latae", 614: "iliacus", 617: "femur", 618: "piriformis", 619: "pectineus",
    620: "obturator_internus", 621: "obturator_externus", 622: "gemelli_and_quadratus_femoris",
    710: "vastus_lateralis", 711: "vastus_intermedius", 712: "vastus_medialis", 713: "rectus_femoris", 714: "sartorius",
    715: "gracilis", 716: "semimembranosus", 717: "semitendinosus", 718: "biceps_femoris_long_head",
    719: "biceps_femoris_short_head", 720: "adductor_magnus", 721: "adductor_longus", 722: "adductor_brevis",
}  # fmt: skip
#: Numbers of MuscleMap's whole-body model, of what is read. Its ``ilium`` is a part of the hip bone and is not.
MUSCLEMAP: Final[dict[int, str]] = {
    6160: "sacrum",
    **{10 * tens + k: f"{name}_{side}" for tens, name in _MUSCLEMAP.items() for k, side in ((1, "left"), (2, "right"))},
}
#: What MOOSE calls otherwise.
_OTHERWISE: Final = {
    "bladder": "urinary_bladder",
    **{f"vertebra_{level}": f"vertebrae_{level}" for level in ("S1", "L5", "L4", "L3")},
}


def known_name(name: str) -> str | None:
    """Return the name by which a structure is read; None for one that is not.

    >>> known_name("bladder"), known_name("gluteus_maximus_left"), known_name("spleen")
    ('urinary_bladder', 'gluteus_maximus_left', None)
    """
    name = _OTHERWISE.get(name, name)
    return name if name in NAMES else None
