"""An outlined candidate to the parts it is made of: by geometry alone, before anything is judged."""

from __future__ import annotations

import numpy as np

from ho_detect.anatomy.find import Anatomy
from ho_detect.detection.candidates import Candidate, Region
from ho_detect.detection.evidence import Evidence
from ho_detect.detection.outline import Outlined
from ho_detect.detection.split.bowel import split_from_bowel
from ho_detect.detection.split.metal import split_at_metal_zone
from ho_detect.detection.split.osteophytes import split_from_osteophytes
from ho_detect.detection.split.sacrum import split_from_sacrum
from ho_detect.detection.split.vessel import split_from_blood, thicker_than_vessel
from ho_detect.settings import Settings

#: So much of a candidate where metal hides it is split from the rest however small a share it is, mm³. Convention.
_HIDDEN_MM3 = 100.0


def parts_of(
    region: Region, outlined: Outlined, evidence: Evidence, anatomy: Anatomy, settings: Settings
) -> list[Candidate]:
    """Return the parts to look at one by one; none where it is of one piece, or a part already.

    Each kind of part is cut off where its own geometry shows it: what lies in the zone around metal, sacrum and spine,
    blood, what is thicker than the tube of a vessel that it lies against, bodies of one density in the pelvic cavity,
    low bone at the joint.
    """
    if outlined.candidate.is_split:
        return []
    split = settings.judge
    hidden_mm3 = evidence.near_metal * evidence.volume_mm3
    if not outlined.candidate.is_clear and (evidence.near_metal > split.zone_share or hidden_mm3 >= _HIDDEN_MM3):
        clear = split_at_metal_zone(region, outlined, evidence.around_hu, anatomy.metal, settings.detection)
        if clear or evidence.near_metal > split.zone_share:
            return clear
    if evidence.spine > 0.0:
        beside_sacrum = split_from_sacrum(region, outlined.candidate, anatomy.frame(evidence.side))
        if beside_sacrum:
            return beside_sacrum
    beside_vessels = _off_vessels(region, outlined.candidate, evidence, anatomy, settings)
    if beside_vessels:
        return beside_vessels
    if evidence.cavity > 0.0:
        cavity = anatomy.compartments[evidence.side].cavity
        bowel = split_from_bowel(region, outlined.candidate, cavity, split.wall_mm)
        if bowel:
            return bowel
    if evidence.joined and evidence.head_distance_mm <= split.joint_margin_mm:
        return split_from_osteophytes(region, outlined.candidate, split)
    return []


def _off_vessels(
    region: Region, candidate: Candidate, evidence: Evidence, anatomy: Anatomy, settings: Settings
) -> list[Candidate]:
    """Cut out the lumens that were followed; take what is thicker than a vessel off a tube."""
    beside_blood = split_from_blood(region, candidate, anatomy.filled_vessels.values())
    if beside_blood or not evidence.is_tube(settings.judge):
        return beside_blood
    spacing_mm = np.array(region.grid.spacing_mm)
    thick, rest = thicker_than_vessel(candidate, spacing_mm, settings.judge.vessel_radius_mm)
    return [*thick, rest] if thick and rest.mask.any() else []
