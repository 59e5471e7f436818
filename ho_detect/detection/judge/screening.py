"""Candidates that plainly lie elsewhere, set aside before they are outlined: the sacrum takes as long as all else."""

from __future__ import annotations

import numpy as np

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.regions.landmarks import nearest_frame
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.detection.judge.excluded import Excluded
from ho_detect.detection.judge.mimic_settings import MimicSettings
from ho_detect.detection.judge.mimics import exclude

#: So large a share is not undone by the outline, which only takes the outermost voxels off. Convention.
_PLAINLY = 0.9
#: Places are those of about so many voxels, evenly taken.
_SAMPLE = 2000


def plainly_elsewhere(
    region: Region, candidate: Candidate, anatomy: Anatomy, settings: MimicSettings
) -> Excluded | None:
    """Return what is set aside as out of reach or as spine and sacrum, None for what has to be looked at.

    The volume told is that at the detection threshold. Where there is metal nothing is plain.
    """
    if anatomy.metal.volume_mm3 > 0:
        return None
    points = points_of(region, candidate)
    center = points.mean(axis=0)
    frame = nearest_frame(anatomy.landmarks, center)
    reach_mm = settings.reach_mm if candidate.joined else settings.free_reach_mm
    if float(np.linalg.norm(points - frame.center, axis=1).min()) > reach_mm:
        reason = "out_of_reach"
    elif float(frame.spine_or_sacrum(points[:: 1 + len(points) // _SAMPLE]).mean()) > _PLAINLY:
        reason = "native_bone"
    else:
        return None
    max_hu = float(region.hu[candidate.box][candidate.mask].max())
    return exclude(reason, frame.side, len(points) * region.grid.voxel_volume_mm3, center, max_hu)
