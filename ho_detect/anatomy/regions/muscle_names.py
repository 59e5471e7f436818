"""Names of the muscle groups about the hip, and where the knowledge of them comes from."""

from typing import Literal

MuscleGroup = Literal[
    "iliopsoas_rectus_femoris",
    "gluteus_medius_minimus",
    "gluteus_maximus",
    "external_rotators",
    "adductors_obturators",
    "hamstrings",
    "vasti",
]
MuscleSource = Literal["position", "given_masks"]
