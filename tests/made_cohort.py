"""The tables, reports and pictures of a run over any number of studies, without any CT."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
from made_findings import make_findings, make_hip, make_lesion, make_record

from ho_detect.export.pages.images import thumbnail
from ho_detect.export.tables import write_table
from ho_detect.results.record import FindingsRecord
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, hip_rows, lesion_rows
from ho_detect.system.files import REPORT_FILE, THUMBNAIL_FILE


def make_cohort(out: Path, n_studies: int, n_failed: int = 3, n_left_out: int = 5, seed: int = 0) -> Path:
    """Write the tables of a run: two hips for each study, about half of them with ossification."""
    rng = random.Random(seed)  # noqa: S311 - nothing is to be kept secret
    picture = thumbnail(make_findings())
    hips, lesions, studies = [], [], []
    for number in range(1, n_studies + 1):
        folder = f"series-{number:06d}"
        record = _record(rng, number)
        hips += hip_rows(record, folder)
        lesions += lesion_rows(record, folder)
        studies.append(_study(number, "warning" if record.flags else "ok", folder=folder,
                              flags=tuple(f.code for f in record.flags)))  # fmt: skip
        (out / folder).mkdir(parents=True)
        (out / folder / REPORT_FILE).write_text(f"<title>report {number}</title>")
        (out / folder / THUMBNAIL_FILE).write_bytes(picture)
    for k in range(n_failed):
        studies.append(_study(len(studies) + 1, "failed", reason="missing_slices", message=f"gap of {k} slices"))
    for _ in range(n_left_out):
        studies.append(_study(len(studies) + 1, "left_out", reason="localizer", message="a localizer or survey image"))
    write_table(out, "summary", HipRow, hips)
    write_table(out, "lesions", LesionRow, lesions)
    write_table(out, "studies", StudyRow, studies)
    return out


def _study(number: int, status: str, **values: str) -> StudyRow:
    return StudyRow(number=number, study_uid=f"2.25.{number}", series_uid=f"2.25.1{number}", status=status,
                    modality="CT", n_slices=200, **values)  # fmt: skip


def _record(rng: random.Random, number: int) -> FindingsRecord:
    hips, lesions = [], []
    for side in ("left", "right"):
        brooker = rng.choice(("I", "II", "III", "IV"))
        attached = {"I": (), "IV": ("femur", "pelvis")}.get(brooker, ("femur",))
        mine = [_lesion(rng, len(lesions) + k + 1, side) for k in range(rng.choice((0, 0, 1, 2)))]
        mine = [msgspec.structs.replace(lesion, attached_to=attached) for lesion in mine]
        lesions += mine
        if mine:
            hips.append(
                make_hip(side, finding="present", n_lesions=len(mine), total_volume_mm3=sum(x.volume_mm3 for x in mine),
                         sectors=tuple(sorted({x.sector for x in mine})), bridging=brooker == "IV", brooker_ct=brooker,
                         min_gap_mm={"I": None, "IV": 0.0}.get(brooker, round(rng.uniform(1, 60), 2)))
            )  # fmt: skip
        else:
            hips.append(make_hip(side))
    record = make_record(hips=tuple(hips), lesions=tuple(lesions))
    flags = record.flags if number % 3 == 0 else ()
    return msgspec.structs.replace(record, flags=flags)


def _lesion(rng: random.Random, number: int, side: str):
    return make_lesion(number, side=side, volume_mm3=round(rng.lognormvariate(8.5, 1.3), 1),
                       mean_hu=round(rng.gauss(420, 120), 1),
                       maturity=rng.choice(("mature", "intermediate", "immature")),
                       sector=rng.choice(("anterior", "posterior", "medial", "lateral")))  # fmt: skip
