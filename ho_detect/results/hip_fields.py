"""The fields of a hip, in the order of the record."""

from __future__ import annotations

from typing import Final

from ho_detect.detection.grade.systems import GRADES, Grade
from ho_detect.results import codes
from ho_detect.results.codes import own
from ho_detect.results.fields import Field, Shown

#: What stands beside HU of bone.
_UNCALIBRATED = "uncalibrated; how well it repeats is not measured"


def _graded(grade: Grade) -> Field:
    """Declare the field of a grading system."""
    name = f"{grade.label} {grade.word}"
    stem = grade.label.lower().replace(" ", "_")
    return Field(
        grade.name,
        "",
        grade.definition,
        source=grade.source,
        page=Shown(f"{grade.label}, from CT", missing="cannot be said", headline=True, note="may differ from film"),
        code=own(f"{stem}_ct", f"{name} derived from CT"),
        values={value: own(f"{stem}_{value}", f"{name} {value}") for value in grade.values},
    )


HIP_FIELDS: Final[tuple[Field, ...]] = (
    Field("side", "", "`left` or `right`, by patient coordinates."),
    Field(
        "status",
        "",
        "`assessed`; `assessed_beside_metal`: but for what metal hides (`hidden_share`); `partly_in_view`: less than "
        "98 % of the head's surface, or of the ball of 60 mm about it, in view; `not_assessable`: metal hides more "
        "than `anatomy.most_hidden` of that ball, no femoral head in the socket, or a head more than 18 mm out of it; "
        "`not_in_view`.",
        source="convention",
        page=Shown("Status"),
        code=own("assessment", "Whether the hip could be assessed"),
    ),
    Field(
        "finding",
        "",
        "`present`: a lesion; `absent`: none, at least `judge.least_coverage` of the joint region in view and not "
        "hidden by metal, and nothing undecided that matters; "
        "else `indeterminate`.",
        page=Shown("Finding", missing="not judged"),
    ),
    Field(
        "n_lesions",
        "count",
        "Number of lesions of that side.",
        page=Shown("Lesions", kind="number"),
        code=codes.NUMBER_OF_LESIONS,
    ),
    Field(
        "total_volume_mm3",
        "mm3",
        "Sum of the volumes of all lesions of that side.",
        page=Shown("Volume", "mL", kind="volume", headline=True),
        code=codes.VOLUME,
    ),
    Field(
        "total_volume_second_threshold_mm3",
        "mm3",
        "Sum over all lesions of that side of what is denser than `detection.second_threshold_hu`.",
        page=Shown("Volume above second threshold", "mL", kind="volume"),
        code=codes.VOLUME_SECOND,
    ),
    Field(
        "muscle_volumes_mm3",
        "mm3",
        "Volume of its lesions by muscle, where muscle masks are user-supplied ([names](anatomy.md)): of each "
        "voxel the nearest mask within 5 mm; `none`: farther from all. Together they are the volume.",
        source="convention",
        page=Shown("Volume by muscle", "mL", kind="muscles", missing="none"),
    ),
    Field(
        "undecided_volume_mm3",
        "mm3",
        "Sum of the volumes of what is excluded at that hip as undecided: it may be ossification, and is not counted.",
        page=Shown("Undecided volume", "mL", kind="volume"),
        code=own("undecided_volume", "Undecided volume, not counted"),
    ),
    Field(
        "sectors",
        "",
        "Sectors with a lesion of that side.",
        page=Shown("Sectors", missing="–"),
        values=codes.SECTORS,
        code=own("sector", "Axial sector seen from the femoral head"),
    ),
    Field(
        "bridging",
        "",
        "One lesion in contact with femur and pelvis.",
        source="clinical definition; contact: `detection.contact_hu`, `contact_mm2`, convention",
        page=Shown("Bridging", missing="cannot be said", headline=True),
        code=own("bridging", "One lesion in contact with femur and pelvis"),
    ),
    Field(
        "min_gap_mm",
        "mm",
        "The smallest of: the gap between a lesion attached to one bone and the other bone; the distance between a "
        "lesion grown from the femur and one grown from the pelvis. 0 for a bridge; `null` where no lesion is attached "
        "to bone.",
        source="clinical definition",
        page=Shown("Minimum femur–pelvis gap", "mm", kind="number", digits=1, headline=True),
        code=own("min_gap", "Minimum femur-pelvis gap"),
    ),
    *(_graded(grade) for grade in GRADES),
    Field(
        "brooker_ct_at_most",
        "",
        "Brooker class if all that is undecided, and large enough to matter, were ossification.",
        source="convention",
        page=Shown("Brooker at most, with what is undecided or hidden", missing="cannot be said"),
        code=own("brooker_at_most", "Brooker class at most, with undecided"),
        values={value: own(f"brooker_{value}", f"Brooker class {value}") for value in ("0", "I", "II", "III", "IV")},
    ),
    Field(
        "grades_at_least",
        "",
        "Metal hides part of the joint region: gap and grades are of what is seen, and the hip may have more.",
        page=Shown("Grades are the least there is"),
        code=own("grades_at_least", "Grades are the least there is: metal hides part of the hip"),
    ),
    Field(
        "joint_space_min_mm",
        "mm",
        "The least mean over a patch (`joint.patch_degrees`); `null` where a patch is not resolved "
        "(`joint.least_of_patch`).",
        source="convention",
        page=Shown("Joint space, minimum", "mm", kind="number", digits=1),
        code=own("joint_space_min", "Minimum joint space under the acetabular roof"),
    ),
    Field(
        "joint_space_mean_mm",
        "mm",
        "Mean width under the acetabular roof (`joint.roof_degrees`), along rays from the head center, where "
        "both walls are told apart. Their edges are put where a blurred thin plate has them.",
        source="convention",
        page=Shown("Joint space, mean", "mm", kind="number", digits=1),
        code=own("joint_space_mean", "Mean joint space under the acetabular roof"),
    ),
    Field(
        "joint_space_resolved",
        "ratio",
        "Share of the roof where both walls are told apart: the gap falls half way to cartilage and is wider "
        "than the voxels there. Below `joint.least_resolved` the joint space is not separable.",
        source="convention",
        page=Shown("Roof with a joint space", "%", kind="number", scale=100),
    ),
    Field(
        "head_mean_hu",
        "HU",
        "Mean HU of trabecular bone of the femoral head, deeper than `joint.cortex_mm`. Not calibrated: kVp and"
        " contrast are named with the statement `hu_uncalibrated`.",
        source="convention",
        page=Shown("Femoral head, mean", "HU", kind="number", note=_UNCALIBRATED),
        code=own("head_mean_hu", "Mean attenuation of trabecular bone, femoral head"),
    ),
    Field(
        "head_hu_difference",
        "HU",
        "`head_mean_hu` of this side less that of the other.",
        page=Shown("Femoral head, difference from the other side", "HU", kind="signed"),
    ),
    Field(
        "neck_mean_hu",
        "HU",
        "The same of the femoral neck (`joint.neck_radii`).",
        source="convention",
        page=Shown("Femoral neck, mean", "HU", kind="number", note=_UNCALIBRATED),
        code=own("neck_mean_hu", "Mean attenuation of trabecular bone, femoral neck"),
    ),
    Field(
        "neck_hu_difference",
        "HU",
        "`neck_mean_hu` of this side less that of the other.",
        page=Shown("Femoral neck, difference from the other side", "HU", kind="signed"),
    ),
    Field(
        "center_lps_mm",
        "mm",
        "Center of the sphere through the fitted surface of the femoral head.",
        page=Shown("Femoral head center", "mm", kind="point"),
    ),
    Field(
        "head_radius_mm",
        "mm",
        "Radius of that sphere.",
        page=Shown("Femoral head radius", "mm", kind="number", digits=1),
        code=own("head_radius", "Radius of the sphere fitted to the femoral head"),
    ),
    Field(
        "residual_mm",
        "mm",
        "Median distance of the head's edges on the CT to that sphere, times 1.48.",
        page=Shown("Residual of the head fit", "mm", kind="number", digits=1),
    ),
    Field(
        "score",
        "ratio",
        "Share of the fitted surfaces of both bones, in view, with an edge on the CT within 2 mm.",
        source="convention",
        page=Shown("Expected bone surface found", "%", kind="number", scale=100),
    ),
    Field(
        "coverage",
        "ratio",
        "Share of the ball of 60 mm about the head center in view.",
        source="convention",
        page=Shown("Joint region in view", "%", kind="number", scale=100),
    ),
    Field(
        "hidden_share",
        "ratio",
        "Share of the ball of 60 mm about the head center, inside the body, that metal hides: itself, and where its "
        "artefact changes soft tissue by more than `anatomy.artefact_hu`.",
        source="convention",
        page=Shown("Joint region hidden by metal", "%", kind="number", scale=100),
        code=own("hidden_share", "Share of the joint region hidden by metal"),
    ),
    Field("reasons", "", "What qualifies status and finding.", code=own("qualification", "What qualifies the finding")),
    Field("not_said", "", "For each null of a hip that was assessed: field, code, sentence."),
)
