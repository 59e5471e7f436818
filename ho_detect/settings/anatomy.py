"""Settings of body, bone and hips, and of what is measured at each joint."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.system.tunable import Group, Tunable


class AnatomySettings(Group, frozen=True):
    """Body, bone, metal and the two hip joints."""

    place: ClassVar[str] = "anatomy"
    body_hu: Annotated[
        float, Tunable("HU", -900, -150, "What is denser is body, not air: fat begins at about -150 HU.")
    ] = -300.0
    bone_hu: Annotated[
        float, Tunable("HU", 100, 600, "The surface of bone is where this density is crossed.", "VSD surface database")
    ] = 200.0
    metal_hu: Annotated[
        float, Tunable("HU", 1500, 30000, "What is denser is metal: cortical bone reaches about 2000 HU.")
    ] = 2500.0
    artefact_hu: Annotated[
        float,
        Tunable("HU", 20, 1000, "Nothing is assessed where metal changes soft tissue by more than this on average."),
    ] = 100.0
    most_hidden: Annotated[
        float,
        Tunable(
            "ratio", 0, 1, "A hip is not assessable when metal hides a larger share of the 60 mm around its joint."
        ),
    ] = 0.6
    head_radius_mm: Annotated[
        float, Tunable("mm", 10, 40, "The search for a femoral head begins with this radius; adults have 19 to 29 mm.")
    ] = 23.5
    given_margin_mm: Annotated[
        float,
        Tunable("mm", 0, 30, "A user's bone mask holds where its surface lies no farther from the fitted bone."),
    ] = 4.0
    min_joint_score: Annotated[
        float,
        Tunable(
            "ratio",
            0,
            1,
            "A fitted femoral head with a lower score is no hip.",
            "convention, chosen on simulated and real CT",
        ),
    ] = 0.5


class JointSettings(Group, frozen=True):
    """What is measured at each joint, with ossification or without."""

    place: ClassVar[str] = "joint"
    neck_radii: Annotated[
        tuple[float, float],
        Tunable(
            "head radii",
            1,
            3,
            "The femoral neck is what of the femur lies between these distances from the head center.",
            "shape model: the greater trochanter of its mean begins at 1.8 head radii",
        ),
    ] = (1.2, 1.6)
    cortex_mm: Annotated[
        float, Tunable("mm", 0, 20, "Trabecular bone, whose mean HU is given, begins this deep below the surface.")
    ] = 4.0
    least_in_view: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of head or neck in view no mean HU is given.")
    ] = 0.95
    roof_degrees: Annotated[
        float, Tunable("degrees", 5, 90, "The joint space is measured within this angle of straight up from the head.")
    ] = 70.0
    gap_hu: Annotated[float, Tunable("HU", -100, 300, "Cartilage and joint fluid have this density.")] = 75.0
    wall_hu: Annotated[
        float, Tunable("HU", 50, 2000, "Either wall of the joint space reaches at least this density.")
    ] = 250.0
    plate_hu: Annotated[
        float, Tunable("HU", 300, 3000, "Subchondral bone has this density where it is not blurred.")
    ] = 1100.0
    patch_degrees: Annotated[
        float,
        Tunable("degrees", 1, 60, "The minimum joint space is the least mean over directions this near to each other."),
    ] = 12.0
    least_resolved: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of the roof resolved no joint space is given.")
    ] = 0.7
    least_of_patch: Annotated[
        float, Tunable("ratio", 0, 1, "With a smaller share of any patch resolved no minimum joint space is given.")
    ] = 0.5
    muscle_near_mm: Annotated[
        float, Tunable("mm", 0, 100, "A lesion farther from the course of every muscle lies in no muscle group.")
    ] = 20.0
