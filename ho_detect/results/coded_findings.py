"""What is said of a hip and of a lesion, in codes: one list for the DICOM report and the FHIR observations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.results import codes
from ho_detect.results.codes import Coded, own


class Number(NamedTuple):
    """A number that was measured."""

    name: Coded
    value: float
    unit: Coded
    derived: Coded | None = None
    """How it is derived from many values, for attenuation."""


class Said(NamedTuple):
    """Something that is said by a code."""

    name: Coded
    value: Coded


_Field = tuple[str, Coded, Coded]

#: Field of the record, name, unit.
_HIP_NUMBERS: Final[tuple[_Field, ...]] = (
    ("n_lesions", codes.NUMBER_OF_LESIONS, codes.ONE),
    ("total_volume_mm3", codes.VOLUME, codes.MM3),
    ("total_volume_second_threshold_mm3", codes.VOLUME_SECOND, codes.MM3),
    ("min_gap_mm", own("min_gap", "Smallest gap between femur and pelvis left by a lesion"), codes.MM),
    ("head_radius_mm", own("head_radius", "Radius of the sphere fitted to the femoral head"), codes.MM),
    ("joint_space_min_mm", own("joint_space_min", "Narrowest joint space under the acetabular roof"), codes.MM),
    ("joint_space_mean_mm", own("joint_space_mean", "Mean joint space under the acetabular roof"), codes.MM),
    ("head_mean_hu", own("head_mean_hu", "Mean attenuation of spongy bone, femoral head"), codes.HU),
    ("neck_mean_hu", own("neck_mean_hu", "Mean attenuation of spongy bone, femoral neck"), codes.HU),
)
_LESION_NUMBERS: Final[tuple[_Field, ...]] = (
    ("volume_mm3", codes.VOLUME, codes.MM3),
    ("volume_second_threshold_mm3", codes.VOLUME_SECOND, codes.MM3),
    ("max_diameter_mm", own("max_diameter", "Largest diameter in any direction"), codes.MM),
    ("axial_long_mm", codes.LONG_AXIS, codes.MM),
    ("axial_short_mm", codes.SHORT_AXIS, codes.MM),
    ("gap_femur_mm", own("gap_femur", "Smallest distance to the femur"), codes.MM),
    ("gap_pelvis_mm", own("gap_pelvis", "Smallest distance to the pelvis"), codes.MM),
    ("contact_femur_mm2", own("contact_femur", "Area of contact with the femur"), codes.MM2),
    ("contact_pelvis_mm2", own("contact_pelvis", "Area of contact with the pelvis"), codes.MM2),
    ("zonal_index", own("zonal_index", "Difference of rim and core over rim attenuation"), codes.ONE),
    ("confidence", own("confidence", "Share of simulated findings with such evidence that were true"), codes.ONE),
)
_ATTENUATION: Final = (
    ("mean_hu", codes.MEAN),
    ("sd_hu", codes.STANDARD_DEVIATION),
    ("median_hu", codes.MEDIAN),
    ("max_hu", codes.MAXIMUM),
)
_ASSESSMENT: Final = own("assessment", "Whether the hip could be assessed")
_BRIDGING: Final = own("bridging", "One lesion in contact with femur and pelvis")
_SECTOR: Final = own("sector", "Axial sector seen from the femoral head")
_MATURITY: Final = own("maturity", "Maturity by attenuation of the rim")
_ATYPICAL: Final = own("atypical", "Dense core in a faint rim")
_CUT_AT_METAL: Final = own("cut_at_metal", "Cut at the zone around metal: values of the rest")
_MUSCLE: Final = own("muscle_region", "Muscle group, approximate")
_ATTACHED_TO: Final = own("attached_to", "Native bone in contact")
_QUALIFICATION: Final = own("qualification", "What qualifies the finding")
#: Field of the record, name of the grading, and how a grade is called.
_GRADES: Final = (
    ("brooker_ct", own("brooker_ct", "Brooker class derived from CT"), "Brooker class"),
    ("della_valle_ct", own("della_valle_ct", "Della Valle class derived from CT"), "Della Valle class"),
    ("mavrogenis", own("mavrogenis_ct", "Mavrogenis type derived from CT"), "Mavrogenis type"),
)


def hip_numbers(hip: Hip) -> list[Number]:
    """Return what was measured of a hip; what was not is left out."""
    return _numbers(hip, _HIP_NUMBERS)


def lesion_numbers(lesion: Lesion) -> list[Number]:
    """Return what was measured of a lesion; what was not is left out."""
    attenuation = (Number(codes.ATTENUATION, getattr(lesion, name), codes.HU, how) for name, how in _ATTENUATION)
    return [*_numbers(lesion, _LESION_NUMBERS), *attenuation]


def hip_codes(hip: Hip) -> Iterator[Said]:
    """Yield what is said of a hip, whether there is ossification aside."""
    yield Said(_ASSESSMENT, codes.word(hip.status))
    if hip.bridging is not None:
        yield Said(_BRIDGING, codes.YES if hip.bridging else codes.NO)
    for field, system, name in _GRADES:
        grade = getattr(hip, field)
        if grade is not None:
            yield Said(system, own(f"{name.rpartition(' ')[0].replace(' ', '_').lower()}_{grade}", f"{name} {grade}"))
    for sector in hip.sectors:
        yield Said(_SECTOR, codes.SECTORS[sector])
    for reason in hip.reasons:
        yield Said(_QUALIFICATION, codes.word(reason.code))


def lesion_codes(lesion: Lesion) -> Iterator[Said]:
    """Yield what is said of a lesion."""
    yield Said(_SECTOR, codes.SECTORS[lesion.sector])
    if lesion.maturity is not None:
        yield Said(_MATURITY, codes.word(lesion.maturity))
    if lesion.atypical_pattern is not None:
        yield Said(_ATYPICAL, codes.YES if lesion.atypical_pattern else codes.NO)
    if lesion.cut_at_metal_zone:
        yield Said(_CUT_AT_METAL, codes.YES)
    if lesion.muscle_region is not None:
        yield Said(_MUSCLE, codes.word(lesion.muscle_region))
    for bone in lesion.attached_to:
        yield Said(_ATTACHED_TO, codes.BONES[bone])
    if not lesion.attached_to:
        yield Said(_ATTACHED_TO, codes.NO_BONE)


def _numbers(record: Hip | Lesion, fields: tuple[_Field, ...]) -> list[Number]:
    found = ((name, getattr(record, field), unit) for field, name, unit in fields)
    return [Number(name, value, unit) for name, value, unit in found if value is not None]
