"""The fields of a lesion, in the order of the record."""

from __future__ import annotations

from typing import Final

from ho_detect.results import codes
from ho_detect.results.codes import own
from ho_detect.results.fields import Field, Shown
from ho_detect.results.lesion_density_fields import DENSITY_FIELDS

LESION_FIELDS: Final[tuple[Field, ...]] = (
    Field("id", "", "Value in the label map; 1 is the largest lesion."),
    Field("side", "", "Of the nearer hip in view."),
    Field(
        "sector",
        "",
        "The larger axial component of the centroid as seen from the head center.",
        source="clinical definition",
        values=codes.SECTORS,
        code=own("sector", "Axial sector seen from the femoral head"),
    ),
    Field(
        "muscle_region",
        "",
        "The muscle group whose course, hung on the fitted bones, most of its voxels lie in or nearest to. "
        "Approximate; no muscle is segmented.",
        source="convention",
        page=Shown("Muscle group", group="Size and shape", note="approximate: no muscle is segmented"),
        code=own("muscle_region", "Muscle group, approximate"),
    ),
    Field(
        "muscle_region_source",
        "",
        "`position`, or `given_masks` ([user-supplied masks](anatomy.md)).",
        page=Shown("Muscle group known from", group="Size and shape"),
    ),
    Field(
        "volume_mm3",
        "mm3",
        "Of the voxels inside its outline, the lucent core included.",
        page=Shown("Volume", "mL", kind="volume", group="Size and shape", headline=True),
        code=codes.VOLUME,
    ),
    Field(
        "muscle_volumes_mm3",
        "mm3",
        "Its volume by muscle, where muscle masks are user-supplied ([names](anatomy.md)): of each "
        "voxel the nearest mask within 5 mm; `none`: farther from all. Together they are the volume.",
        source="convention",
        page=Shown("Volume by muscle", "mL", kind="muscles", group="Size and shape", missing="none"),
    ),
    Field(
        "volume_second_threshold_mm3",
        "mm3",
        "Of those from `detection.second_threshold_hu` up: shows how much the volume depends on the threshold.",
        source="convention",
        page=Shown("Volume above second threshold", "mL", kind="volume", group="Size and shape"),
        code=codes.VOLUME_SECOND,
    ),
    Field(
        "centroid_lps_mm",
        "mm",
        "Mean of its voxels.",
        page=Shown("Center", "mm", kind="point", group="Place and contact"),
    ),
    Field(
        "extent_lps_mm",
        "mm",
        "Size of its bounding box along LPS x, y and z, edge to edge.",
        columns="extent_{}_mm",
        page=Shown("LR × AP × SI", "mm", kind="size", group="Size and shape"),
    ),
    Field(
        "max_diameter_mm",
        "mm",
        "Largest diameter in any direction, edge to edge.",
        page=Shown("Maximum diameter", "mm", kind="number", group="Size and shape", headline=True),
        code=own("max_diameter", "Maximum diameter"),
    ),
    Field(
        "thickness_mm",
        "mm",
        "Twice the largest depth of what is as dense as the detection threshold, nothing filled: a calcified "
        "wall stays thin.",
        source="convention",
        page=Shown("Thickness", "mm", kind="number", digits=1, group="Size and shape"),
    ),
    Field(
        "axial_long_mm",
        "mm",
        "Longest diameter in the slice where it is largest.",
        page=Shown("Axial, long diameter", "mm", kind="number", group="Size and shape"),
        code=codes.LONG_AXIS,
    ),
    Field(
        "axial_short_mm",
        "mm",
        "Extent across that diameter in the same slice.",
        page=Shown("Axial, short diameter", "mm", kind="number", group="Size and shape"),
        code=codes.SHORT_AXIS,
    ),
    Field(
        "surface_area_mm2",
        "mm2",
        "Surface area by Crofton's formula.",
        source="Lehmann and Legland 2012",
        page=Shown("Surface", "cm²", kind="number", digits=1, scale=0.01, group="Size and shape"),
    ),
    Field(
        "sphericity",
        "ratio",
        "Surface of the ball of equal volume over its own.",
        source="Lehmann and Legland 2012",
        page=Shown("Sphericity", kind="number", digits=2, group="Size and shape"),
    ),
    *DENSITY_FIELDS,
    Field(
        "cut_at_metal_zone",
        "",
        "It goes on where metal hides it. All values are of what lies outside of that zone: "
        "volumes are the least there is, and what it is attached to inside is not told. The rest is listed "
        "under `excluded` as `near_metal`.",
        page=Shown("Cut at the zone around metal", group="Place and contact"),
        code=own("cut_at_metal", "Cut at the zone around metal: values of the rest"),
    ),
    Field(
        "attached_to",
        "",
        "Bones with voxels 26-adjacent to it, both from `detection.contact_hu`, over `detection.contact_mm2` or more.",
        source="clinical definition; limits convention",
        page=Shown("Attached to", missing="nothing", group="Place and contact", headline=True),
        values=codes.BONES,
        empty=codes.NO_BONE,
        code=own("attached_to", "Native bone in contact"),
    ),
    Field(
        "contact_femur_mm2",
        "mm2",
        "Area of the faces between it and that bone; 0 where it is not attached.",
        page=Shown("Contact with the femur", "mm²", kind="number", group="Place and contact"),
        code=own("contact_femur", "Area of contact with the femur"),
    ),
    Field(
        "contact_femur_mm",
        "mm",
        "Largest length of that area.",
        page=Shown("Length of contact with the femur", "mm", kind="number", group="Place and contact"),
    ),
    Field(
        "contact_pelvis_mm2",
        "mm2",
        "Area of the faces between it and that bone; 0 where it is not attached.",
        page=Shown("Contact with the pelvis", "mm²", kind="number", group="Place and contact"),
        code=own("contact_pelvis", "Area of contact with the pelvis"),
    ),
    Field(
        "contact_pelvis_mm",
        "mm",
        "Largest length of that area.",
        page=Shown("Length of contact with the pelvis", "mm", kind="number", group="Place and contact"),
    ),
    Field(
        "gap_femur_mm",
        "mm",
        "Smallest distance to the native surface of the same side's bone; 0 where attached.",
        page=Shown("Gap to the femur", "mm", kind="number", digits=1, group="Place and contact", headline=True),
        code=own("gap_femur", "Gap to the femur"),
    ),
    Field(
        "gap_pelvis_mm",
        "mm",
        "Smallest distance to the native surface of the same side's bone; 0 where attached.",
        page=Shown("Gap to the pelvis", "mm", kind="number", digits=1, group="Place and contact", headline=True),
        code=own("gap_pelvis", "Gap to the pelvis"),
    ),
    Field(
        "gap_opposing_mm",
        "mm",
        "Of a lesion grown from one bone: smallest distance to one grown from the other.",
        page=Shown("Gap to an opposing lesion", "mm", kind="number", digits=1, group="Place and contact"),
    ),
    Field(
        "distance_to_head_center_mm",
        "mm",
        "From its centroid to the femoral head center.",
        page=Shown("Center to femoral head center", "mm", kind="number", group="Place and contact"),
    ),
    Field(
        "distance_to_neck_mm",
        "mm",
        "Smallest distance to the femoral neck (`joint.neck_radii`).",
        source="convention",
        page=Shown("To the femoral neck", "mm", kind="number", group="Place and contact"),
    ),
    Field(
        "distance_to_capsule_mm",
        "mm",
        "Smallest distance to femoral head or neck, about what the joint capsule encloses.",
        source="convention",
        page=Shown("To the capsule region", "mm", kind="number", group="Place and contact"),
    ),
    Field(
        "vessels",
        "",
        "`artery_followed`: contrast medium shows the external iliac and femoral artery of its side; "
        "`not_assessed`: none does. Veins and branches are never followed.",
        page=Shown("Vessels", group="Place and contact"),
    ),
    Field(
        "gap_artery_mm",
        "mm",
        "Smallest distance to the lumen of that artery; 0 where they meet. Null where it is not followed as far.",
        source="convention",
        page=Shown("Gap to the artery", "mm", kind="number", digits=1, group="Place and contact"),
        code=own("gap_artery", "Gap to the external iliac or femoral artery"),
    ),
    Field(
        "artery",
        "",
        "The part of it that is nearest: `external_iliac` above the inguinal ligament, `femoral` below.",
        source="convention",
        page=Shown("Nearest artery", group="Place and contact"),
    ),
    Field(
        "sciatic_corridor_mm3",
        "mm3",
        "Its volume where the sciatic nerve runs past the hip, a region hung on the fitted bones: from behind the "
        "ischial spine between ischial tuberosity and greater trochanter to behind the femur. A risk region: the nerve "
        "is not seen.",
        source="convention",
        page=Shown(
            "In the sciatic risk region", "mL", kind="volume", group="Place and contact", note="the nerve is not seen"
        ),
        code=own("sciatic_region", "Volume in sciatic nerve risk region; nerve not seen"),
    ),
    Field(
        "muscle_fraction",
        "ratio",
        "Share of muscle from 1.5 to 6.5 mm outside of it, past its partial volume: smoothed density "
        "from -20 HU to the detection threshold. The four shares are 1 together.",
        source="convention",
        page=Shown("Muscle around it", "%", kind="number", scale=100, group="Size and shape"),
    ),
    Field(
        "fat_fraction",
        "ratio",
        "Share of fat there: from -200 to -20 HU.",
        source="convention",
        page=Shown("Fat around it", "%", kind="number", scale=100, group="Size and shape"),
    ),
    Field(
        "bone_fraction",
        "ratio",
        "Share of bone there, or of what is as dense: from the detection threshold.",
        source="convention",
        page=Shown("Bone around it", "%", kind="number", scale=100, group="Size and shape"),
    ),
    Field(
        "air_fraction",
        "ratio",
        "Share of air there: up to -200 HU.",
        source="convention",
        page=Shown("Air around it", "%", kind="number", scale=100, group="Size and shape"),
    ),
    Field(
        "confidence",
        "ratio",
        "Probability of ossification by the fitted judgement ([on what, and what it means](accuracy.md)): not that "
        "in a patient.",
        source="fit",
        page=Shown(
            "Probability of ossification",
            kind="probability",
            group="Density",
            headline=True,
            note="on simulated and real CT that it was fitted to; not in a patient",
        ),
        code=own("confidence", "Probability of ossification by the fitted judgement"),
    ),
    Field(
        "counted_by",
        "",
        "`software`; `reader`: a reader keeps what the software did not count ([how](amend.md)), with the outline "
        "that was found; `reader_outline`: a reader has drawn it.",
        page=Shown("Counted by", group="Place and contact"),
    ),
    Field("not_said", "", "For each null: field, code, sentence."),
)
