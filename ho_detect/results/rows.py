"""The three tables of a run, one row per hip, per lesion and per series (:mod:`ho_detect.export.tables` writes them).

Each table is defined by one record type: its fields are the columns, in order, with the same types also
when there are no rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ho_detect.flags import Null
from ho_detect.image.sides import Point

if TYPE_CHECKING:
    from ho_detect.results.record import FindingsRecord

#: ``waiting``: not done yet, while a run goes on or when it was ended before its time.
StudyStatus = Literal["ok", "warning", "failed", "left_out", "waiting"]


class HipRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``summary``: one hip."""

    folder: Annotated[str | None, Meta(description="Result folder below OUT")]
    study_uid: str
    series_uid: str
    side: str
    status: Annotated[str, Meta(description="assessed, partly_in_view, not_in_view or not_assessable")]
    finding: Annotated[str | None, Meta(description="present, absent, indeterminate; empty where not judged")]
    n_lesions: int | None
    total_volume_mm3: Annotated[float | None, Meta(description="At the detection threshold, mm3")]
    total_volume_second_threshold_mm3: Annotated[float | None, Meta(description="At the second threshold, mm3")]
    sectors: Annotated[str, Meta(description="Sectors with ossification, separated by ;")]
    bridging: bool | None
    min_gap_mm: float | None
    brooker_ct: str | None
    della_valle_ct: str | None
    mavrogenis: str | None
    center_x_lps_mm: Annotated[float | None, Meta(description="Femoral head center, mm to the patient's left")]
    center_y_lps_mm: Annotated[float | None, Meta(description="Femoral head center, mm posterior")]
    center_z_lps_mm: Annotated[float | None, Meta(description="Femoral head center, mm superior")]
    head_radius_mm: float | None
    residual_mm: float | None
    score: float | None
    coverage: float | None
    head_mean_hu: Annotated[float | None, Meta(description="Spongy bone of the femoral head, HU, uncalibrated")]
    neck_mean_hu: Annotated[float | None, Meta(description="Spongy bone of the femoral neck, HU, uncalibrated")]
    head_hu_difference: Annotated[float | None, Meta(description="head_mean_hu less that of the other side")]
    neck_hu_difference: Annotated[float | None, Meta(description="neck_mean_hu less that of the other side")]
    joint_space_min_mm: float | None
    joint_space_mean_mm: float | None
    joint_space_resolved: Annotated[float | None, Meta(description="Share of the roof where it can be told, 0 to 1")]
    reasons: Annotated[str, Meta(description="Codes that qualify this hip, separated by ;")]
    not_said: Annotated[str, Meta(description="Why cells are empty: column=code, separated by ;")]


class LesionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``lesions``: one lesion."""

    folder: Annotated[str | None, Meta(description="Result folder below OUT")]
    study_uid: str
    series_uid: str
    id: Annotated[int, Meta(description="Value in lesions.nii.gz of that folder")]
    side: str
    sector: str
    muscle_region: Annotated[str | None, Meta(description="Muscle group, approximate")]
    muscle_region_source: Annotated[str, Meta(description="position or given_masks")]
    volume_mm3: float
    volume_second_threshold_mm3: float
    centroid_x_lps_mm: float
    centroid_y_lps_mm: float
    centroid_z_lps_mm: float
    extent_x_mm: float
    extent_y_mm: float
    extent_z_mm: float
    max_diameter_mm: float
    thickness_mm: float
    axial_long_mm: float
    axial_short_mm: float
    surface_area_mm2: float
    sphericity: float
    mean_hu: float
    sd_hu: float
    median_hu: float
    p95_hu: float
    max_hu: float
    boundary_hu: float
    rim_hu: float
    core_hu: float | None
    maturity: str | None
    zonal_index: float | None
    atypical_pattern: bool | None
    cut_at_metal_zone: Annotated[bool, Meta(description="It goes on in the zone around metal, which is left out")]
    attached_to: Annotated[str, Meta(description="Bones in contact, separated by ;")]
    contact_femur_mm2: float
    contact_femur_mm: float
    contact_pelvis_mm2: float
    contact_pelvis_mm: float
    gap_femur_mm: float | None
    gap_pelvis_mm: float | None
    gap_opposing_mm: float | None
    distance_to_head_center_mm: float
    distance_to_neck_mm: float | None
    distance_to_capsule_mm: float | None
    vessels: str
    muscle_fraction: float | None
    fat_fraction: float | None
    bone_fraction: float | None
    air_fraction: float | None
    confidence: float | None
    not_said: Annotated[str, Meta(description="Why cells are empty: column=code, separated by ;")]


class ExcludedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row about one dense thing that was set aside."""

    study_uid: str
    series_uid: str
    reason: str
    message: str
    side: str | None
    volume_mm3: float
    centroid_x_lps_mm: float
    centroid_y_lps_mm: float
    centroid_z_lps_mm: float
    max_hu: float


class StudyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``studies``: one series that was found, analysed or not."""

    number: Annotated[int, Meta(description="Order in which it was found, as in ho-detect inspect")]
    study_uid: Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]
    series_uid: Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]
    status: Annotated[StudyStatus, Meta(description="ok, warning, failed, left_out; waiting: not done yet")]
    reason: Annotated[str | None, Meta(description="Code: why it was left out, or why it failed")] = None
    message: Annotated[str | None, Meta(description="The reason, or what qualifies the result, in words")] = None
    flags: Annotated[str, Meta(description="Codes that qualify the result, separated by ;")] = ""
    n_lesions: int | None = None
    rank: Annotated[int | None, Meta(description="Among usable series of the study: 1 suits bone best")] = None
    suits: Annotated[str | None, Meta(description="What the rank rests on")] = None
    part: Annotated[str | None, Meta(description="Which of several volumes of the series")] = None
    modality: str | None = None
    n_slices: int | None = None
    rows: int | None = None
    columns: int | None = None
    slice_step_mm: float | None = None
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    folder: Annotated[str | None, Meta(description="Result folder below OUT")] = None
    description: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    patient_id: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    study_date: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    source: Annotated[str | None, Meta(description="Only where identities were asked for")] = None


class TimingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``timings``: what one series cost. Apart from the other tables, which say the same in every run."""

    number: Annotated[int, Meta(description="As in studies")]
    series_uid: str
    seconds: Annotated[float, Meta(description="Wall time of loading, analysis and writing, s")]
    peak_memory_mb: Annotated[float | None, Meta(description="Most memory of its process, MB; empty where it crashed")]
    ended: Annotated[str, Meta(description="UTC")]


def hip_rows(record: FindingsRecord, folder: str | None = None) -> list[HipRow]:
    """Return one row per hip of a record, in the record's order."""
    return [
        HipRow(
            folder=folder,
            study_uid=record.series.study_uid,
            series_uid=record.series.series_uid,
            sectors=";".join(hip.sectors),
            reasons=";".join(r.code for r in hip.reasons),
            **_xyz("center_{}_lps_mm", hip.center_lps_mm),
            not_said=_reasons(hip.not_said),
            **_plain(hip, drop={"sectors", "reasons", "not_said", "center_lps_mm"}),
        )
        for hip in record.hips
    ]


def lesion_rows(record: FindingsRecord, folder: str | None = None) -> list[LesionRow]:
    """Return one row per lesion of a record, in the record's order."""
    return [
        LesionRow(
            folder=folder,
            study_uid=record.series.study_uid,
            series_uid=record.series.series_uid,
            attached_to=";".join(lesion.attached_to),
            **_xyz("centroid_{}_lps_mm", lesion.centroid_lps_mm),
            **_xyz("extent_{}_mm", lesion.extent_lps_mm),
            not_said=_reasons(lesion.not_said),
            **_plain(lesion, drop={"attached_to", "not_said", "centroid_lps_mm", "extent_lps_mm"}),
        )
        for lesion in record.lesions
    ]


def excluded_rows(record: FindingsRecord) -> list[ExcludedRow]:
    """Return one row per thing set aside, in the record's order."""
    return [
        ExcludedRow(
            study_uid=record.series.study_uid,
            series_uid=record.series.series_uid,
            **_xyz("centroid_{}_lps_mm", thing.centroid_lps_mm),
            **_plain(thing, drop={"centroid_lps_mm"}),
        )
        for thing in record.excluded
    ]


def _reasons(nulls: tuple[Null, ...]) -> str:
    return ";".join(f"{n.field}={n.code}" for n in nulls)


def _plain(record: msgspec.Struct, drop: set[str]) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(record).items() if name not in drop}


def _xyz(pattern: str, point: Point | None) -> dict[str, Any]:
    return {pattern.format(axis): value for axis, value in zip("xyz", point or (None, None, None), strict=True)}
