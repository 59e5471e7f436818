"""What is no finding by definition: where it lies, or how small it is. Few rules, each named; all else is judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.regions.landmarks import nearest_frame
from ho_detect.anatomy.regions.vessels import in_blood
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.detection.clear_of_metal import STANDS_OUT
from ho_detect.detection.evidence import Evidence
from ho_detect.detection.judge.excluded import Excluded, exclude
from ho_detect.detection.judge.features import MUSCLE_HU, length_to_width, uniformity
from ho_detect.settings import Settings

#: So large a share is not undone by the outline, which only takes the outermost voxels off. Convention.
_PLAINLY = 0.9
#: What lies free where the sacrum is, with so much muscle around it, may lie in the piriformis. Convention.
_IN_MUSCLE = 0.8
#: With so much gas around it, and such a share in the cavity, it is bowel: no gas lies beside bone there. Convention.
_GAS, _IN_CAVITY = 0.1, 0.2
#: Blood with contrast medium is round over so many times its width, and so uniform (0.5: 2.2 times the noise); what is
#: joined with bone is no less uniform than noise. Convention, chosen on simulated CT.
_LONG, _UNIFORM, _AS_NOISE = 4.0, 0.5, 0.9
#: What is as dense as blood in this scan by so large a share, and so uniform, is blood whatever its form. Of the
#: candidates that weights are fitted to 22 are, none of them ossification. Convention.
_AS_BLOOD = 0.7
#: Round over so many times its width it is one however uniform: streaks of metal or plaques may cross it. Of 416
#: candidates that are ossification none is round over more than 4.4 times its width.
_VERY_LONG = 10.0
#: Shaft beyond the end of the model is as dense as its cortex, by this share at least: in the table that weights are
#: fitted to 60 pieces of it by 0.65 and more, new bone on it by 0.5 and less. Convention.
_AS_CORTEX = 0.6
#: Places are those of about so many voxels, evenly taken.
_SAMPLE = 2000

Definition = Callable[[Evidence, Settings], bool]


def _too_small(e: Evidence, s: Settings) -> bool:
    return e.volume_mm3 < s.judge.min_volume_mm3 or (not e.joined and e.thickness_mm < s.judge.min_thickness_mm)


def _out_of_reach(e: Evidence, s: Settings) -> bool:
    return e.head_distance_mm > (s.detection.reach_mm if e.joined else s.judge.free_reach_mm)


def _is_vessel(e: Evidence, _: Settings) -> bool:
    """Contrast medium in a vessel, wherever it runs: new bone as long is not as round and as uniform."""
    if e.blood > _AS_BLOOD and uniformity(e) > _UNIFORM:
        return True
    as_blood = uniformity(e) > (_AS_NOISE if e.joined else _UNIFORM)
    return e.round_share * length_to_width(e) > (_LONG if as_blood else _VERY_LONG)


def _as_dense_as_cortex(e: Evidence) -> bool:
    return not e.cortex_hu or e.mean_hu > _AS_CORTEX * e.cortex_hu


def _in_cavity(e: Evidence, s: Settings) -> bool:
    """With gas beside it, or off the wall; what stands on the femur has grown, whatever bowel lies beside it."""
    bowel = e.air > _GAS and e.cavity > _IN_CAVITY
    return (bowel or e.away > s.judge.mostly) and "femur" not in e.touching


#: Reason and rule; the first that holds is given.
DEFINITIONS: tuple[tuple[str, Definition], ...] = (
    ("outside_body", lambda e, s: e.body < s.judge.mostly),
    ("near_metal", lambda e, s: e.near_metal > s.judge.zone_share),
    ("near_metal", lambda e, _: STANDS_OUT * e.artefact_hu > max(e.mean_hu - MUSCLE_HU, 0.0)),
    ("too_small", _too_small),
    ("out_of_reach", _out_of_reach),
    ("other_side", lambda e, s: e.across > s.judge.mostly),
    ("native_bone", lambda e, _: e.spine > _PLAINLY and (e.joined or e.muscle < _IN_MUSCLE)),
    ("native_bone", lambda e, s: e.other_bone > s.judge.mostly and len(e.touching) < 2),
    ("native_bone", lambda e, s: e.shaft > s.judge.mostly and len(e.touching) < 2 and _as_dense_as_cortex(e)),
    ("given_organ", lambda e, s: e.organ > s.judge.mostly),
    ("pelvic_cavity", _in_cavity),
    ("contrast", _is_vessel),
)


def defined(evidence: Evidence, settings: Settings) -> str | None:
    """Return the reason why a candidate is no finding by definition; None where it has to be judged."""
    return next((reason for reason, holds in DEFINITIONS if holds(evidence, settings)), None)


def plainly_elsewhere(region: Region, candidate: Candidate, anatomy: Anatomy, settings: Settings) -> Excluded | None:
    """Return what is out of reach, sacrum or blood before it is outlined: the sacrum takes as long as all else.

    The volume told is that at the detection threshold. What metal hides in part is not plain.
    """
    points = points_of(region, candidate)
    if anatomy.metal.hides(points).any():
        return None
    center, sample = points.mean(axis=0), points[:: 1 + len(points) // _SAMPLE]
    frame = nearest_frame(anatomy.landmarks, center)
    reach_mm = settings.detection.reach_mm if candidate.joined else settings.judge.free_reach_mm
    if float(np.linalg.norm(points - frame.center, axis=1).min()) > reach_mm:
        reason = "out_of_reach"
    elif candidate.joined and float(frame.spine_or_sacrum(sample).mean()) > _PLAINLY:
        reason = "native_bone"
    elif float(in_blood(anatomy.filled_vessels.values(), sample).mean()) > _PLAINLY:
        reason = "contrast"
    else:
        return None
    max_hu = float(region.hu[candidate.box][candidate.mask].max())
    return exclude(reason, frame.side, len(points) * region.grid.voxel_volume_mm3, center, max_hu)
