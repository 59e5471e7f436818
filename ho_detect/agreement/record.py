"""What comes of comparing references with results: ``agreement.json`` and its tables."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect._version import __version__
from ho_detect.agreement.statistics import BlandAltman, Estimate

SCHEMA_VERSION = "1.0"


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``agreement_cases``: one series."""

    case: Annotated[str, Meta(description="Result folder")]
    reference: Annotated[Literal["mask", "result"], Meta(description="Manual mask, or a result of another reader")]
    n_reference: Annotated[int, Meta(description="Lesions of the reference")]
    n_found: Annotated[int, Meta(description="Of these, at least 30 % covered by labels of the result")]
    n_missed: Annotated[int, Meta(description="The others")]
    n_false: Annotated[int, Meta(description="Labels of which less than 10 % lies within 3 mm of the reference")]
    dice: Annotated[float | None, Meta(description="Of all lesions together; empty where the reference has none")]
    surface_dice: Annotated[float | None, Meta(description="Share of both surfaces within the tolerance of the other")]
    hausdorff_mm: Annotated[float | None, Meta(description="Largest distance between surfaces")]
    hausdorff95_mm: Annotated[float | None, Meta(description="95th percentile of it, the larger of both directions")]
    average_surface_distance_mm: Annotated[float | None, Meta(description="Mean over both directions together")]
    reference_volume_mm3: float
    result_volume_mm3: float
    volume_difference_mm3: Annotated[float, Meta(description="Result less reference")]
    volume_difference_percent: Annotated[float | None, Meta(description="Of the reference; empty where that has none")]


class LesionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``agreement_lesions``: one lesion of the reference, or a false one of the result."""

    case: Annotated[str, Meta(description="Result folder")]
    outcome: Annotated[Literal["found", "missed", "false"], Meta(description="As counted in agreement_cases")]
    reference_label: Annotated[int | None, Meta(description="Value in the reference, or number of its part")]
    result_label: Annotated[int | None, Meta(description="Lesion id that covers most of it; of a false one its own")]
    cover: Annotated[float | None, Meta(description="Share of the reference lesion that is labelled, 0 to 1")]
    dice: Annotated[float | None, Meta(description="With the lesion that covers most of it")]
    volume_mm3: Annotated[float, Meta(description="Of the reference lesion, or of the false one")]


class HipRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``agreement_hips``: one hip in view, with what both say of it."""

    case: Annotated[str, Meta(description="Result folder")]
    side: str
    reference_volume_mm3: Annotated[float, Meta(description="Reference voxels nearer to this hip's center")]
    result_volume_mm3: Annotated[float, Meta(description="Result voxels nearer to this hip's center")]
    reference_grades: Annotated[str, Meta(description="name=grade, separated by ;; empty for masks")]
    result_grades: Annotated[str, Meta(description="name=grade, separated by ;")]


class GradeAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """Agreement on one grade, over hips that both have graded."""

    name: str
    label: str
    weights: Annotated[Literal["quadratic", "none"], Meta(description="quadratic for grades in an order")]
    kappa: Estimate
    table: Annotated[
        dict[str, dict[str, int]], Meta(description="Number of hips by the reference's grade, then the result's")
    ]


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """``agreement.json``."""

    schema_version: str = SCHEMA_VERSION
    software: str = "ho-detect"
    version: str = __version__
    tolerance_mm: Annotated[float, Meta(description="Of surface Dice")]
    n_cases: int
    sensitivity: Annotated[Estimate, Meta(description="Share of reference lesions found, Wilson's interval")]
    n_false: int
    false_per_case: float
    median_dice: float | None
    median_average_surface_distance_mm: float | None
    median_hausdorff95_mm: float | None
    volume_ml: Annotated[BlandAltman, Meta(description="Of hips where either has any, result less reference, mL")]
    volume_icc: Annotated[Estimate, Meta(description="ICC(A,1) of the volumes of the same hips")]
    grades: tuple[GradeAgreement, ...]
    cases: tuple[CaseRow, ...]
    lesions: tuple[LesionRow, ...]
    hips: tuple[HipRow, ...]
