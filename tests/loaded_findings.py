"""Findings of a series that was written and loaded, with lesions put in and measured: what exporters are tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from made_findings import make_hip, make_lesion, make_record

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.findings import Findings
from ho_detect.results.record import Software
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

KEY = bytes(16)
#: Where lesions are put, from the middle of the volume: LPS mm, radius, id.
PLACES = (((14.0, -3.0, 2.0), 6.0, 1), ((-14.0, 5.0, -4.0), 4.0, 3))


def load_findings(folder: Path, n_lesions: int = 2, **output: Any) -> Findings:
    """Findings with that many lesions on the one usable series in ``folder``; ``output`` are settings of it."""
    settings = Settings.from_dict({"output": output})
    (entry,) = index_series([folder], settings.acquisition)
    volume = load_volume(entry, settings, Pseudonyms(KEY, settings.output.keep_identity))
    return put_lesions(volume, settings, n_lesions)


def put_lesions(volume: HuVolume, settings: Settings, n_lesions: int) -> Findings:
    grid = volume.grid
    middle = grid.to_lps((np.array(grid.shape) - 1) / 2)
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape, np.float32), 0, -1))
    labels = np.zeros(grid.shape, np.uint16)
    lesions = []
    for offset, radius, number in PLACES[:n_lesions]:
        ball = np.linalg.norm(points - (middle + offset), axis=-1) < radius
        labels[ball] = number
        hu = volume.hu[ball].astype(float)
        lesions.append(
            make_lesion(
                number,
                side="left" if offset[0] > 0 else "right",
                centroid_lps_mm=tuple(float(v) for v in points[ball].mean(axis=0).round(2)),
                volume_mm3=round(int(ball.sum()) * grid.voxel_volume_mm3, 1),
                mean_hu=round(float(hu.mean()), 1),
                max_hu=float(hu.max()),
                attached_to=("femur",) if number == 1 else (),
                gap_femur_mm=0.0 if number == 1 else None,
                maturity="mature" if number == 1 else None,
            )
        )
    hips = []
    for side in ("left", "right"):
        mine = [x for x in lesions if x.side == side]
        hips.append(
            make_hip(
                side,
                center_lps_mm=tuple(float(v) for v in middle),
                finding="present" if mine else "absent",
                n_lesions=len(mine),
                total_volume_mm3=round(sum(x.volume_mm3 for x in mine), 1),
                sectors=tuple(sorted({x.sector for x in mine})),
            )
        )
    record = msgspec.structs.replace(
        make_record(hips=tuple(hips), lesions=tuple(lesions)),
        series=volume.series,
        software=Software.of(settings),
    )
    return Findings(record, labels, volume, output=settings.output)
