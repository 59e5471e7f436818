"""What each stage found, put together as the result of one series."""

from __future__ import annotations

from collections.abc import Iterator

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.anatomy.find import Anatomy
from ho_detect.detection.detect import Judgement, label_map
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import numbered
from ho_detect.flags import Flag, flag
from ho_detect.results.acquisition_fields import with_acquisition
from ho_detect.results.detected import DetectedThings
from ho_detect.results.hidden import FoundMetal, HiddenZone
from ho_detect.results.record import FindingsRecord, Software
from ho_detect.results.result import Result
from ho_detect.settings import Settings

#: Noise in muscle after smoothing from which faint ossification may be missed, HU. Convention.
_NOISY_HU = 25.0
#: A fitted femoral head is uncertain from this residual on, mm. Convention.
_UNCERTAIN_MM = 3.0


def assemble(
    volume: HuVolume, anatomy: Anatomy, judgement: Judgement, hips: tuple[Hip, ...], settings: Settings
) -> Result:
    """Return the result; ``warning`` where a flag qualifies them."""
    flags = (*volume.flags, *_qualifications(anatomy, judgement, hips))
    record = FindingsRecord(
        software=Software.of(settings),
        status="warning" if flags else "ok",
        flags=flags,
        statements=statements(volume.series),
        series=with_acquisition(volume, judgement.region.noise_hu),
        hips=hips,
        lesions=judgement.lesions,
        excluded=numbered(judgement.excluded),
        specks=judgement.specks,
        metal=anatomy.metal.record(),
    )
    labels = label_map(volume.grid, judgement)
    files, native = anatomy.user_masks.files, anatomy.native
    things, metal = DetectedThings.of(judgement), FoundMetal(HiddenZone.of(anatomy.metal))
    return Result(record, labels, volume, files, native, settings.output, things, metal)


def statements(series: SeriesRecord) -> tuple[Flag, ...]:
    """Return what is true of every result, and how the scan was made as far as it bears on HU."""
    kvp = "kVp not stated" if series.kvp is None else f"{series.kvp:g} kVp"
    said = {True: "contrast stated", False: "no contrast stated", None: "contrast not stated"}[series.contrast_stated]
    return (
        flag("density_grade_1"),
        flag("nerve_not_assessed"),
        flag("vessels_not_assessed"),
        flag("hu_uncalibrated", f"{kvp}, {said}"),
        flag("research_use"),
    )


def _qualifications(anatomy: Anatomy, judgement: Judgement, hips: tuple[Hip, ...]) -> Iterator[Flag]:
    supplied, metal_mm3, noise_hu = anatomy.user_masks, anatomy.metal.volume_mm3, judgement.region.noise_hu
    in_view = [h for h in hips if h.status != "not_in_view"]
    if supplied.names:
        yield flag("anatomy_given", ", ".join(supplied.names))
    if supplied.unused:
        yield flag("anatomy_unused", ", ".join(supplied.unused))
    if metal_mm3 > 0:
        yield flag("metal", f"{metal_mm3 / 1000:.1f} mL, hides {anatomy.metal.zone_mm3 / 1000:.0f} mL")
    if noise_hu >= _NOISY_HU:
        yield flag("noisy", f"{noise_hu:.0f} HU in smoothed muscle")
    if len(in_view) == 1:
        yield flag("one_hip_in_view", in_view[0].side)
    beside = {c.side for c in anatomy.certainty if c.lies_on_bone is False}
    for hip in in_view:
        if hip.residual_mm is None or hip.residual_mm >= _UNCERTAIN_MM or hip.side in beside:
            yield flag("hip_fit_uncertain", hip.side)
    for lesion in judgement.lesions:
        if lesion.atypical_pattern:
            yield flag("atypical_pattern", f"lesion {lesion.id}")
        if lesion.cut_at_metal_zone:
            yield flag("cut_at_metal_zone", f"lesion {lesion.id}")
