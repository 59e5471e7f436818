"""The codes by which DICOM and FHIR outputs say what was found.

SNOMED CT (SCT), DICOM (DCM) and LOINC (LN) codes are those of DICOM PS3.16, but for ``HETEROTOPIC_OSSIFICATION``:
SCT 128491006 comes from a cross-reference and was not confirmed in a SNOMED CT browser. What no scheme
names has a code of this project's own, in the scheme 99HODETECT.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SCHEME: Final = "99HODETECT"
SCHEME_NAME: Final = "ho-detect"


class Coded(NamedTuple):
    """A code with its scheme and meaning."""

    value: str
    scheme: str
    meaning: str


#: What is looked for. Not confirmed, see above.
HETEROTOPIC_OSSIFICATION: Final = Coded("128491006", "SCT", "Heterotopic ossification")
#: What a lesion is, by morphology.
OSSIFICATION: Final = Coded("83323007", "SCT", "Ossification")
ABNORMAL_STRUCTURE: Final = Coded("49755003", "SCT", "Morphologically Abnormal Structure")
HIP_REGION: Final = Coded("29836001", "SCT", "Hip region")
HIP_JOINT: Final = Coded("24136001", "SCT", "Hip joint")
SIDES: Final = {"left": Coded("7771000", "SCT", "Left"), "right": Coded("24028007", "SCT", "Right")}
SECTORS: Final = {
    "anterior": Coded("255549009", "SCT", "Anterior"),
    "posterior": Coded("255551008", "SCT", "Posterior"),
    "medial": Coded("255561001", "SCT", "Medial"),
    "lateral": Coded("49370004", "SCT", "Lateral"),
}
FINDINGS: Final = {
    "present": Coded("52101004", "SCT", "Present"),
    "absent": Coded("272519000", "SCT", "Absent"),
    "indeterminate": Coded("82334004", "SCT", "Indeterminate"),
}
BONES: Final = {"femur": Coded("71341001", "SCT", "Femur"), "pelvis": Coded("816092008", "SCT", "Pelvis")}
YES: Final = Coded("373066001", "SCT", "Yes")
NO: Final = Coded("373067005", "SCT", "No")

VOLUME: Final = Coded("118565006", "SCT", "Volume")
ATTENUATION: Final = Coded("112031", "DCM", "Attenuation Coefficient")
NUMBER_OF_LESIONS: Final = Coded("246206008", "SCT", "Number of lesions")
MEAN: Final = Coded("373098007", "SCT", "Mean")
MEDIAN: Final = Coded("373099004", "SCT", "Median")
MAXIMUM: Final = Coded("56851009", "SCT", "Maximum")
STANDARD_DEVIATION: Final = Coded("386136009", "SCT", "Standard Deviation")
CT_PROCEDURE: Final = Coded("25045-6", "LN", "CT unspecified body region")

MM3: Final = Coded("mm3", "UCUM", "cubic millimeter")
MM: Final = Coded("mm", "UCUM", "millimeter")
HU: Final = Coded("[hnsf'U]", "UCUM", "Hounsfield unit")
ONE: Final = Coded("1", "UCUM", "no units")


def own(value: str, meaning: str) -> Coded:
    """Return a code of this project's scheme.

    Raises
    ------
    ValueError
        The code is longer than 16 characters or the meaning longer than 64, which DICOM does not allow.
    """
    if len(value) > 16 or len(meaning) > 64:
        raise ValueError(f"code {value!r} ({meaning!r}) is too long for DICOM")
    return Coded(value, SCHEME, meaning)


SECTOR: Final = own("sector", "Axial sector seen from the femoral head")
MATURITY: Final = own("maturity", "Maturity by attenuation of the rim")
MATURITIES: Final = {name: own(name, name.capitalize()) for name in ("mature", "intermediate", "immature")}
ATTACHED_TO: Final = own("attached_to", "Native bone in contact")
NOTHING: Final = own("nothing", "No native bone")
GAPS: Final = {
    "femur": own("gap_femur", "Smallest distance to the femur"),
    "pelvis": own("gap_pelvis", "Smallest distance to the pelvis"),
}
MAX_DIAMETER: Final = own("max_diameter", "Largest distance between two points of the lesion")
VOLUME_SECOND: Final = own("volume_second", "Volume above the second threshold")
MEAN_HU: Final = own("mean_hu", "Mean attenuation")
MAX_HU: Final = own("max_hu", "Highest attenuation")
ZONAL_INDEX: Final = own("zonal_index", "Difference of rim and core over rim attenuation")
CONFIDENCE: Final = own("confidence", "Ranking by evidence, no probability")
MIN_GAP: Final = own("min_gap", "Smallest gap between femur and pelvis left by a lesion")
HEAD_RADIUS: Final = own("head_radius", "Radius of the sphere fitted to the femoral head")
BRIDGING: Final = own("bridging", "One lesion in contact with femur and pelvis")
ASSESSMENT: Final = own("assessment", "Whether the hip could be assessed")
ASSESSMENTS: Final = {
    "assessed": own("assessed", "Assessed"),
    "partly_in_view": own("partly_in_view", "Partly in view"),
    "not_in_view": own("not_in_view", "Not in view"),
    "not_assessable": own("not_assessable", "Not assessable"),
}
QUALIFICATION: Final = own("qualification", "What qualifies the finding")
BROOKER: Final = own("brooker_ct", "Brooker class derived from CT")
DELLA_VALLE: Final = own("della_valle_ct", "Della Valle class derived from CT")
MAVROGENIS: Final = own("mavrogenis_ct", "Mavrogenis type derived from CT")


def grade(system: Coded, value: str) -> Coded:
    """Return the code of one grade of a system.

    >>> grade(BROOKER, "III").meaning
    'Brooker class III'
    """
    short, name = {
        BROOKER.value: ("brooker", "Brooker class"),
        DELLA_VALLE.value: ("della_valle", "Della Valle class"),
        MAVROGENIS.value: ("mavrogenis", "Mavrogenis type"),
    }[system.value]
    return own(f"{short}_{value}", f"{name} {value}")


def qualification(flag_code: str) -> Coded:
    """Return the code of a flag of :mod:`ho_detect.flags`; DICOM writes codes above 16 characters as long ones.

    >>> qualification("hidden_by_metal").meaning
    'Hidden by metal'
    """
    return Coded(flag_code, SCHEME, flag_code.replace("_", " ").capitalize())
