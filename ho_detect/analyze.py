"""The whole method on one page: one CT series in, findings out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ho_detect.acquisition.volume.load import HuVolume, no_hip
from ho_detect.anatomy.fit.hips import HipAnatomy, find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.anatomy.joint.joint_state import joint_states
from ho_detect.anatomy.native.masks import native_masks
from ho_detect.anatomy.native.surfaces import BoneDistance, native_bone
from ho_detect.anatomy.regions.compartments import places
from ho_detect.anatomy.regions.landmarks import landmarks
from ho_detect.anatomy.regions.metal import find_metal, hide_behind_metal
from ho_detect.anatomy.regions.tissue import segment_tissue
from ho_detect.anatomy.user_masks.bone import agreeing, with_given_bone
from ho_detect.anatomy.user_masks.masks import given_masks
from ho_detect.anatomy.user_masks.muscle import deep_to_skin, with_given_muscles
from ho_detect.detection.candidates import find_candidates, region_near_hips
from ho_detect.detection.detect import decide, label_map
from ho_detect.detection.grade.grades import grade_hips
from ho_detect.findings import Findings
from ho_detect.results.assemble import assemble
from ho_detect.settings import Settings


@dataclass(frozen=True, eq=False)
class Analysis:
    """Findings, and the native bone that they rest on."""

    findings: Findings
    hips: tuple[HipAnatomy, ...]
    bones: tuple[BoneDistance, ...]


def analyze(volume: HuVolume, settings: Settings | None = None, anatomy: Path | None = None) -> Findings:
    """Find and describe ossification around the hips of one CT series.

    Parameters
    ----------
    volume
        HU in any orientation that is close to the patient's axes.
    settings
        Default settings where None.
    anatomy
        Folder of NIfTI masks under TotalSegmentator's names, which are used in place of what is found here.

    Raises
    ------
    SeriesError
        ``no_hip_in_view``: there is nothing here to analyse; ``missing_slices``: nor in the part of a series with gaps;
        ``bad_anatomy``: masks cannot be used.
    """
    return analyze_with_bones(volume, settings or Settings(), anatomy).findings


def analyze_with_bones(volume: HuVolume, settings: Settings, anatomy: Path | None = None) -> Analysis:
    """Do what :func:`analyze` does, and keep the bones found."""
    canonical = volume.canonical()
    coarse = resample_to_patient_axes(canonical, COARSE_STEP_MM)

    hips = find_hip_joints(canonical, coarse, settings.anatomy)
    if not hips:
        raise no_hip(volume)
    tissue = segment_tissue(coarse, settings.anatomy)
    metal = find_metal(canonical, tissue, settings.anatomy)
    hips = hide_behind_metal(canonical, hips, metal, settings.anatomy)
    fitted = native_bone(hips)
    given = agreeing(given_masks(anatomy, canonical.grid), fitted, settings.anatomy)
    bones = with_given_bone(fitted, given, settings.anatomy)
    frames = landmarks(hips)
    near = with_given_muscles(places(hips, fitted, settings.joint), given)
    tissue = deep_to_skin(tissue, given)
    states = joint_states(canonical, hips, near, settings.joint)

    region = region_near_hips(canonical, hips, bones, tissue, settings.detection)
    candidates = find_candidates(region, settings.detection)
    kept, excluded = decide(region, candidates, frames, near, tissue, metal, given, settings)

    lesions = tuple(k.lesion for k in kept)
    graded = grade_hips(tuple(h.joint for h in hips), states, lesions, excluded, settings.detection)
    labels = volume.from_canonical(label_map(canonical.hu.shape, region, kept)).astype(np.uint16, copy=False)
    findings = assemble(
        volume, settings, graded, lesions, excluded, labels, given, metal_mm3=metal.volume_mm3, noise_hu=region.noise_hu
    )
    findings = replace(findings, bones=native_masks(hips, fitted, given, settings.anatomy))
    return Analysis(findings, hips, bones)
