"""Names of the muscle groups about the hip, and where the knowledge of them comes from."""

from typing import Literal

import msgspec

MuscleGroup = Literal[
    "iliopsoas_rectus_femoris",
    "gluteus_medius_minimus",
    "gluteus_maximus",
    "external_rotators",
    "adductors_obturators",
    "hamstrings",
    "vasti",
]


class MuscleVolume(msgspec.Struct, frozen=True):
    """How much lies in or within 5 mm of the user-supplied mask of a muscle; ``none``: in none of them."""

    muscle: str
    volume_mm3: float


MuscleSource = Literal["position", "given_masks"]
