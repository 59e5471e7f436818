"""Findings made by hand, on small grids of any orientation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import EXCLUSIONS, Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.findings import Findings
from ho_detect.flags import Flag, flag, null
from ho_detect.image.grid import Grid
from ho_detect.results.assemble import statements
from ho_detect.results.record import FindingsRecord, Software
from ho_detect.settings import Settings


def make_hip(side: str = "left", **changes: Any) -> Hip:
    values: dict[str, Any] = {
        "side": side,
        "status": "assessed",
        "center_lps_mm": (8.0 if side == "left" else -8.0, 0.0, 10.0),
        "head_radius_mm": 5.0,
        "residual_mm": 0.4,
        "score": 0.9,
        "coverage": 1.0,
        "finding": "absent",
        "n_lesions": 0,
        "total_volume_mm3": 0.0,
        "total_volume_second_threshold_mm3": 0.0,
        "sectors": (),
        "bridging": False,
        "min_gap_mm": None,
        "brooker_ct": "0",
        "della_valle_ct": "A",
        "mavrogenis": None,
        "head_mean_hu": 310.5,
        "neck_mean_hu": 190.0,
        "head_hu_difference": None,
        "neck_hu_difference": None,
        "joint_space_min_mm": 2.6,
        "joint_space_mean_mm": 3.4,
        "joint_space_resolved": 0.93,
        "reasons": (),
        "not_said": (null("min_gap_mm", "no_lesion"), null("mavrogenis", "no_lesion")),
    }
    return Hip(**values | changes)


def make_lesion(number: int = 1, **changes: Any) -> Lesion:
    values: dict[str, Any] = {
        "id": number,
        "side": "left",
        "sector": "anterior",
        "muscle_region": "iliopsoas_rectus_femoris",
        "muscle_region_source": "position",
        "volume_mm3": 3520.0,
        "volume_second_threshold_mm3": 1200.5,
        "centroid_lps_mm": (9.0, -7.0, 10.0),
        "extent_lps_mm": (10.0, 12.0, 30.0),
        "max_diameter_mm": 31.4,
        "axial_long_mm": 14.2,
        "axial_short_mm": 11.0,
        "surface_area_mm2": 1310.0,
        "sphericity": 0.86,
        "mean_hu": 512.25,
        "sd_hu": 101.0,
        "median_hu": 500.0,
        "p95_hu": 800.0,
        "max_hu": 905.0,
        "boundary_hu": 262.0,
        "rim_hu": 620.0,
        "core_hu": 428.0,
        "maturity": "mature",
        "zonal_index": 0.31,
        "atypical_pattern": False,
        "cut_at_metal_zone": False,
        "attached_to": (),
        "contact_femur_mm2": 0.0,
        "contact_femur_mm": 0.0,
        "contact_pelvis_mm2": 0.0,
        "contact_pelvis_mm": 0.0,
        "gap_femur_mm": 7.5,
        "gap_pelvis_mm": 12.0,
        "distance_to_head_center_mm": 48.0,
        "distance_to_neck_mm": 17.5,
        "distance_to_capsule_mm": 12.0,
        "vessels": "artery_followed",
        "gap_artery_mm": 14.5,
        "artery": "femoral",
        "sciatic_corridor_mm3": 120.0,
        "muscle_fraction": 0.8,
        "fat_fraction": 0.1,
        "bone_fraction": 0.1,
        "air_fraction": 0.0,
        "confidence": 0.7,
        "thickness_mm": 8.0,
        "not_said": (null("gap_opposing_mm", "no_opposing_lesion"),),
    }
    return Lesion(**values | changes)


def make_excluded(reason: str = "vessel_calcium", message: str | None = None, side: str = "right") -> Excluded:
    return Excluded(
        reason=reason,
        message=EXCLUSIONS[reason] if message is None else message,
        side=side,
        volume_mm3=55.0,
        centroid_lps_mm=(-8.0, -6.0, 12.0),
        max_hu=700.0,
    )


def make_record(
    hips: tuple[Hip, ...] | None = None,
    lesions: tuple[Lesion, ...] | None = None,
    flags: tuple[Flag, ...] = (flag("thick_slices", "slice step 3.0 mm"),),
    excluded: tuple[Excluded, ...] | None = None,
    shape: tuple[int, int, int] = (20, 24, 40),
) -> FindingsRecord:
    if lesions is None:
        lesions = (
            make_lesion(1, attached_to=("femur",), gap_femur_mm=0.0, gap_pelvis_mm=19.5),
            make_lesion(2, side="right", centroid_lps_mm=(-9.0, 7.0, 10.0)),
        )
    if hips is None:
        one = {"finding": "present", "n_lesions": 1, "total_volume_mm3": 3520.0, "sectors": ("anterior",)}
        hips = (make_hip("left", min_gap_mm=19.5, brooker_ct="II", **one), make_hip("right", brooker_ct="I", **one))
    series = SeriesRecord(
        study_uid="2.25.1",
        series_uid="2.25.2",
        n_slices=shape[0],
        rows=shape[1],
        columns=shape[2],
        spacing_mm=(1.0, 1.0, 1.0),
    )
    return FindingsRecord(
        software=Software.of(Settings()),
        status="warning" if flags else "ok",
        flags=flags,
        statements=statements(series),
        series=series,
        hips=hips,
        lesions=lesions,
        excluded=(make_excluded(), make_excluded("contrast")) if excluded is None else excluded,
    )


def make_findings(grid: Grid | None = None, record: FindingsRecord | None = None) -> Findings:
    """Findings on a grid (axial, 1 mm, unless given): each lesion a ball of 3 mm about its centroid, 600 HU."""
    if grid is None:
        grid = Grid.axial((20, 24, 40), (1.0, 1.0, 1.0), (-20.0, -12.0, 0.0))
    record = record or make_record(shape=grid.shape)
    hu = np.full(grid.shape, 40, np.int16)
    labels = np.zeros(grid.shape, np.uint16)
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    for hip in record.hips:
        if hip.center_lps_mm is not None:
            hu[np.linalg.norm(points - hip.center_lps_mm, axis=-1) < hip.head_radius_mm] = 300
    for lesion in record.lesions:
        ball = np.linalg.norm(points - np.array(lesion.centroid_lps_mm), axis=-1) < 3.0
        hu[ball] = 600
        labels[ball] = lesion.id
    return Findings(record, labels, HuVolume(hu, grid, record.series))


def make_grids() -> dict[str, Grid]:
    """Grids of several acquisitions that all hold the region of :func:`make_record`."""

    def along(slices: Any, rows: Any, columns: Any, spacing: tuple[float, float, float]) -> Grid:
        axes = np.array([slices, rows, columns], float)
        axes = axes / np.linalg.norm(axes, axis=1, keepdims=True) * np.array(spacing)[:, None]
        shape = tuple(int(np.ceil(46 / s)) for s in spacing)
        affine = np.eye(4)
        affine[:3, :3] = axes.T
        affine[:3, 3] = np.array([0.0, 0.0, 10.0]) - axes.T @ ((np.array(shape) - 1) / 2)
        return Grid(shape, affine)

    c, s = np.cos(np.radians(25)), np.sin(np.radians(25))
    return {
        "axial": along((0, 0, 1), (0, 1, 0), (1, 0, 0), (2.0, 1.0, 0.8)),
        "feet_first": along((0, 0, -1), (0, 1, 0), (1, 0, 0), (2.0, 1.0, 0.8)),
        "prone": along((0, 0, 1), (0, -1, 0), (-1, 0, 0), (2.0, 1.0, 0.8)),
        "coronal": along((0, 1, 0), (0, 0, -1), (1, 0, 0), (2.0, 1.0, 0.8)),
        "sagittal": along((1, 0, 0), (0, 0, -1), (0, 1, 0), (2.0, 1.0, 0.8)),
        "oblique": along((-s, 0, c), (0, 1, 0), (c, 0, s), (2.0, 1.0, 0.8)),
        "oblique_twice": along((0, -s, c), (0.1, c, s), (1, -0.1 * c, -0.1 * s), (2.0, 1.0, 0.8)),
    }
