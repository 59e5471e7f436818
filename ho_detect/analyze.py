"""The whole method on one page: one CT series in, result out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.find import Anatomy, find_anatomy
from ho_detect.detection.candidates import find_candidates, region_near_hips
from ho_detect.detection.detect import Judgement, decide
from ho_detect.detection.grade.grades import grade_hips
from ho_detect.results.assemble import assemble
from ho_detect.results.result import Result
from ho_detect.settings import Settings
from ho_detect.system.parallel import threads, using_threads


@dataclass(frozen=True, eq=False)
class Analysis:
    """A result, and what it rests on: the anatomy, and what became of each candidate (None for a saved result)."""

    result: Result
    anatomy: Anatomy
    judgement: Judgement | None = None


def analyze(volume: HuVolume, settings: Settings | None = None, anatomy: Path | None = None) -> Result:
    """Find and describe ossification around the hips of one CT series.

    Parameters
    ----------
    volume
        HU in any orientation that is close to the patient's axes.
    settings
        Default settings where None.
    anatomy
        Folder of NIfTI masks (``docs/anatomy.md`` has their names), which are used in place of what is found here.

    Raises
    ------
    SeriesError
        ``no_hip_in_view``: there is nothing here to analyse; ``missing_slices``: nor in the part of a series with gaps;
        ``bad_anatomy``: masks cannot be used.
    """
    return analyze_with_anatomy(volume, settings or Settings(), anatomy).result


def analyze_with_anatomy(volume: HuVolume, settings: Settings, masks: Path | None = None) -> Analysis:
    """Do what :func:`analyze` does, and keep the anatomy found."""
    with using_threads(settings.threads or threads()):
        canonical = volume.canonical()
        anatomy = find_anatomy(canonical, masks, settings)
        region = region_near_hips(canonical, anatomy, settings.detection)
        candidates = find_candidates(region, settings.detection)
        judgement = decide(region, candidates, anatomy, settings)
        hips = grade_hips(anatomy, judgement, settings)
        return Analysis(assemble(volume, anatomy, judgement, hips, settings), anatomy, judgement)
