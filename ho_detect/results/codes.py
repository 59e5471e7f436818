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
LATERALITY: Final = Coded("272741003", "SCT", "Laterality")
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
LONG_AXIS: Final = Coded("103339001", "SCT", "Long axis")
SHORT_AXIS: Final = Coded("103340004", "SCT", "Short axis")
NUMBER_OF_LESIONS: Final = Coded("246206008", "SCT", "Number of lesions")
MEAN: Final = Coded("373098007", "SCT", "Mean")
MEDIAN: Final = Coded("373099004", "SCT", "Median")
MAXIMUM: Final = Coded("56851009", "SCT", "Maximum")
STANDARD_DEVIATION: Final = Coded("386136009", "SCT", "Standard Deviation")
CT_PROCEDURE: Final = Coded("25045-6", "LN", "CT unspecified body region")

MM3: Final = Coded("mm3", "UCUM", "cubic millimeter")
KV: Final = Coded("kV", "UCUM", "kilovolt")
MGY: Final = Coded("mGy", "UCUM", "milligray")
MGY_CM: Final = Coded("mGy.cm", "UCUM", "milligray centimeter")
MM2: Final = Coded("mm2", "UCUM", "square millimeter")
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


VOLUME_SECOND: Final = own("volume_second", "Volume above the second threshold")
NO_BONE: Final = own("no_bone", "No native bone")


def word(name: str) -> Coded:
    """Return the code of a word of the record: a status, a muscle group, a flag.

    DICOM writes codes above 16 characters as long ones.

    >>> word("hidden_by_metal").meaning
    'Hidden by metal'
    """
    return Coded(name, SCHEME, name.replace("_", " ").capitalize())
