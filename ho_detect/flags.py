"""The one registry of codes: why a series was not analysed, and what a result could not judge.

A code is stable: other tools may rely on it. ``docs/reason-codes.md`` explains each; a test keeps the
two in step.
"""

from __future__ import annotations

import msgspec

#: Why a series has no findings. Status ``left_out``: nothing to analyse; ``failed``: it should have been analysed.
REASONS: dict[str, str] = {
    # left out: normal, exit status 0
    "not_ct": "the series is not a CT image series",
    "not_dicom": "images of a format that is not read",
    "localizer": "a localizer or survey image, not a volume",
    "derived_object": "a secondary capture, dose report or other derived object",
    "too_few_slices": "too few slices for a volume",
    "not_hip_region": "the header says that another part of the body was scanned",
    "no_hip_in_view": "no hip joint lies in the field of view",
    "better_series_used": "another series of the same study suits bone better",
    # failed: exit status 3
    "no_position": "slices without position or orientation",
    "bad_geometry": "the stated geometry is not usable",
    "mixed_orientation": "slices of more than one orientation",
    "tilted": "the stack of slices leans more than any gantry does",
    "uneven_spacing": "slices are unevenly far apart, with too few of them close enough together",
    "missing_slices": "too many slices are missing",
    "several_volumes": "several volumes share one series",
    "torn_apart": "images of one stack state series, studies or patients of their own",
    "not_axial": "slices are too oblique for the methods used here",
    "too_thick": "slices are too thick to measure ossification",
    "not_hu": "no evidence that pixel values are Hounsfield units",
    "unreadable": "a file cannot be read",
    "decode_failed": "pixel data cannot be decoded",
    "too_large": "the series is larger than the stated limit",
    "crashed": "the process that analysed the series ended by itself",
    "timed_out": "the analysis took longer than the stated limit",
    "memory_limit": "the analysis needed more memory than there is or than was allowed",
    "not_written": "the result could not be written",
    "interrupted": "the run was stopped before this series was done",
    "bad_anatomy": "the user-supplied anatomy masks cannot be used",
    "internal_error": "the analysis failed for a reason nobody foresaw",
}

#: Reasons that are not a failure: there was nothing here that should have been analysed.
LEFT_OUT: frozenset[str] = frozenset(list(REASONS)[: list(REASONS).index("no_position")])

#: What qualifies a result that is there.
FLAGS: dict[str, str] = {
    "one_of_several": "the series holds several volumes; this is one of them",
    "instead_of_better": "a better ranked series of the study gave no result: this one was analysed in its place",
    "monoenergetic": "a monoenergetic reconstruction: bone and contrast medium have other HU than on a scan as usual",
    "scan_joined": "a scan acquired in several stretches was joined",
    "images_set_aside": "images in the series that are no slices of the volume (localizer, report) were left out",
    "lossy_compression": "pixel data were compressed with loss: densities and small details are less certain",
    "duplicates_removed": "slices present more than once were used once",
    "resampled_tilt": "gantry tilt: slices were shifted in their planes onto a true grid, which the label map has too",
    "resampled_spacing": "uneven slice steps: resampled to even ones, which the label map has too",
    "gaps_filled": "missing slices were interpolated: small ossification in the gaps may be missed",
    "part_of_series": "a gap is too large to fill: only the longest part of the series was used",
    "padding_present": "pixels outside the reconstructed field carry a padding value and are treated as air",
    "thick_slices": "slices of 3 mm or more: small ossification may be missed, volumes are less certain",
    "noisy": "high image noise: faint ossification may be missed",
    "contrast": "contrast medium is present or stated",
    "metal": "metal in view: what its artefact hides is not assessed",
    "hip_cut_by_view": "part of the region around the joint lies outside the field of view",
    "head_cut_by_view": "the femoral head is cut by the edge of the field of view",
    "one_hip_in_view": "only one hip lies in the field of view",
    "hip_fit_uncertain": "the fit of the femoral head or of a bone is uncertain; what is said relative to it is too",
    "density_grade_1": "ossification before it calcifies (density grade 1) cannot be seen by CT thresholding",
    "nerve_not_assessed": "the sciatic nerve is not seen: only where it may run is told",
    "vessels_not_assessed": "only the iliac and femoral artery are followed, where contrast medium fills them",
    "hu_uncalibrated": "HU of bone are not calibrated: compare them only at the same kVp and kernel, without contrast",
    "research_use": "for research use only, not for diagnosis",
    "hidden_by_metal": "metal and its artefact hide part of the joint region",
    "no_femoral_head": "there is no femoral head in the socket",
    "dislocated_head": "the femoral head lies out of its socket",
    "hip_not_in_view": "the femoral head of this side is not in the field of view",
    "set_aside_undecided": "something dense that may be ossification was detected and is not counted",
    "anatomy_given": "user-supplied anatomy masks were used in place of those found",
    "anatomy_unused": "user-supplied anatomy masks do not lie where that bone was found, and were not used",
    "anatomy_missing": "no anatomy masks were found for this series in the user-supplied folder",
    "cut_at_metal_zone": "a lesion goes on in the zone around metal: only what lies outside of it is measured",
    "amended": "a reader has changed what is counted",
    "atypical_pattern": "a lesion denser inside than at its rim, the reverse of ossification: for a reader to look at",
}

#: What stands against comparing two studies, or two hips or lesions in them.
COMPARED: dict[str, str] = {
    "not_registered": "native bone of the two studies was not brought together well enough to compare places",
    "not_in_both": "the hip is not in view in both studies",
    "not_assessed_in_both": "the hip was not assessed whole in both studies",
    "undecided_in_one": "at this hip something that may be ossification is not counted in one of the studies",
    "outside_other_view": "its place lies outside of the field of view of the other study",
    "set_aside_in_other": "at its place something dense was detected and not counted in the other study",
    "made_differently": "the scans were made differently: changes of HU and volume are less certain",
    "dates_reversed": "by the study dates the earlier study is the later one",
    "other_patient": "the two studies state different patient ids",
}

#: Flags of a volume that lies on another grid than the images of its series.
RESAMPLED: frozenset[str] = frozenset({"resampled_tilt", "resampled_spacing", "gaps_filled"})

#: Why a value is null.
NULLS: dict[str, str] = {
    "no_lesion": "there is no lesion",
    "no_lesion_on_bone": "no lesion is attached to bone",
    "no_type_fits": "no type is defined for the sectors with ossification",
    "beyond_reach": "farther away than distances are measured",
    "no_opposing_lesion": "no lesion grown from the opposing bone alone faces this one",
    "no_core": "too small to have a core inside of its rim",
    "no_muscle_masks": "no masks of muscles were supplied",
    "no_muscle_near": "by position in no muscle group",
    "not_separable": "femoral head and acetabulum are not separable on this scan",
    "roof_not_in_view": "the roof of the joint is not in view, or no bone is seen there",
    "part_not_in_view": "less than 95 % of it is in view",
    "no_other_hip": "not measured at the other hip",
    "no_contrast_in_artery": "no contrast medium shows the artery of this side",
    "artery_ends_there": "the artery is not followed as far as the lesion",
    "no_surroundings": "nothing around it is in view",
    "fit_failed": "the fitted bones do not show where it is",
    "not_stated": "the images do not state it, or state several values",
    "no_header": "the volume was not read from DICOM: no header says",
    "no_known_word": "what the header says holds no word that is known; its own text may name a patient",
    "no_contrast_stated": "no contrast medium is stated",
    "no_muscle_seen": "too little muscle is seen near the hips",
    "by_definition": "by definition it is no finding, which leaves nothing to judge: a reader counts it",
}


class Null(msgspec.Struct, frozen=True):
    """Why ``field`` is null: a code of :func:`null` and a sentence. A record of another version may hold others."""

    field: str
    code: str
    message: str


class Flag(msgspec.Struct, frozen=True):
    """A warning or a reason: a code of :func:`flag` and a sentence. A record of another version may hold others."""

    code: str
    message: str


def null(field: str, code: str) -> Null:
    """Return why a field is null, with the sentence of that code in :data:`NULLS`, :data:`FLAGS` or :data:`COMPARED`.

    Raises
    ------
    ValueError
        There is no such code.
    """
    return Null(field, code, _sentence(code, NULLS, FLAGS, COMPARED))


def flag(code: str, detail: str = "") -> Flag:
    """Return the flag of that code with its registered sentence, and the detail of this case after it.

    >>> flag("thick_slices", "slice step 5.0 mm").message
    'slices of 3 mm or more: small ossification may be missed, volumes are less certain (slice step 5.0 mm)'

    Raises
    ------
    ValueError
        The code is neither in :data:`FLAGS` nor in :data:`REASONS` or :data:`COMPARED`.
    """
    sentence = _sentence(code, FLAGS, REASONS, COMPARED)
    return Flag(code, f"{sentence} ({detail})" if detail else sentence)


def _sentence(code: str, *registries: dict[str, str]) -> str:
    for registry in registries:
        if code in registry:
            return registry[code]
    raise ValueError(f"unknown code {code!r}: register it in ho_detect/flags.py")
