"""Settings of candidates, their outline and what is measured of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.errors import SettingError
from ho_detect.system.tunable import Group, Tunable

_AGATSTON = (
    "Agatston 1990 (130 HU, vascular calcium) to VSD surface database (200 HU, bone surface); 120 is a convention"
)
_BROOKER = "Brooker 1973 and Della Valle 2002: less than 1 cm between bone surfaces"


class DetectionSettings(Group, frozen=True):
    """What counts as ossification near the joint."""

    place: ClassVar[str] = "detection"
    reach_mm: Annotated[
        float, Tunable("mm", 40, 400, "Ossification is looked for within this distance of the femoral head center.")
    ] = 150.0
    smoothing_mm: Annotated[
        float, Tunable("mm", 0, 3, "The threshold is applied after a Gaussian of this standard deviation.")
    ] = 0.7
    noise_factor: Annotated[
        float,
        Tunable("ratio", 0, 20, "The detection threshold lies this many robust standard deviations above muscle."),
    ] = 3.5
    least_contrast_hu: Annotated[
        float, Tunable("HU", 0, 500, "The detection threshold lies at least this far above muscle.")
    ] = 85.0
    low_hu: Annotated[
        tuple[float, float],
        Tunable("HU", 50, 1000, "The detection threshold lies between these two densities.", _AGATSTON),
    ] = (120.0, 200.0)
    seed_contrast_hu: Annotated[
        float, Tunable("HU", 0, 1000, "The densest voxel of a candidate exceeds the detection threshold by this.")
    ] = 60.0
    native_margin_mm: Annotated[
        float,
        Tunable("mm", 0, 10, "What meets bone inside this distance of a native surface is joined with that bone."),
    ] = 1.5
    core_distance_mm: Annotated[
        float, Tunable("mm", 0, 20, "Grown bone is found by what lies farther outside of the native surface than this.")
    ] = 3.0
    tall_mm: Annotated[
        float, Tunable("mm", 0, 50, "What stands higher above the bone surface is split from the low bone around it.")
    ] = 5.0
    min_core_mm3: Annotated[
        float, Tunable("mm³", 0, 5000, "Grown bone has at least this volume far enough outside of the native surface.")
    ] = 25.0
    contact_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Two bones touch where neighbouring voxels of both are at least this dense.")
    ] = 250.0
    contact_mm2: Annotated[float, Tunable("mm²", 0, 500, "Two bones touch over at least this area.")] = 6.0
    highest_boundary_hu: Annotated[
        float,
        Tunable("HU", 100, 2000, "The outline of a lesion lies at half the height of its edge, but not above this."),
    ] = 420.0
    second_threshold_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Total volume is also given at this threshold, to show how much depends on it.")
    ] = 300.0
    mature_rim_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Ossification with a median rim density from here on is mature.")
    ] = 450.0
    immature_rim_hu: Annotated[
        float, Tunable("HU", 0, 3000, "Ossification with a lower median rim density is immature.")
    ] = 300.0
    rim_mm: Annotated[float, Tunable("mm", 0.1, 20, "The rim of a lesion has this depth.")] = 2.0
    blur_mm: Annotated[float, Tunable("mm", 0, 5, "The rim begins below a partial-volume layer of this depth.")] = 0.8
    atypical_core_hu: Annotated[
        float, Tunable("HU", 0, 2000, "A core denser than a rim that is not mature by this much is flagged.")
    ] = 100.0
    short_gap_mm: Annotated[
        float, Tunable("mm", 1, 50, "A gap between bone surfaces below this makes the higher grade.", _BROOKER)
    ] = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.immature_rim_hu > self.mature_rim_hu:
            raise SettingError(
                f"setting detection.immature_rim_hu = {self.immature_rim_hu:g}: it has to be at most "
                f"detection.mature_rim_hu, {self.mature_rim_hu:g} HU"
            )
