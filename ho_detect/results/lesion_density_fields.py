"""The fields of a lesion's density, rim and maturity, in the order of the record."""

from __future__ import annotations

from typing import Final

from ho_detect.results import codes
from ho_detect.results.codes import own
from ho_detect.results.fields import Field, Shown

DENSITY_FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "mean_hu",
        "HU",
        "Mean of its voxels, as scanned.",
        page=Shown("Mean", "HU", kind="number", group="Density", headline=True),
        code=codes.ATTENUATION,
        derived=codes.MEAN,
    ),
    Field(
        "sd_hu",
        "HU",
        "Standard deviation of its voxels, as scanned.",
        page=Shown("Standard deviation", "HU", kind="number", group="Density"),
        code=codes.ATTENUATION,
        derived=codes.STANDARD_DEVIATION,
    ),
    Field(
        "median_hu",
        "HU",
        "Median of its voxels, as scanned.",
        page=Shown("Median", "HU", kind="number", group="Density"),
        code=codes.ATTENUATION,
        derived=codes.MEDIAN,
    ),
    Field(
        "p95_hu",
        "HU",
        "95th percentile of its voxels, as scanned.",
        page=Shown("95th percentile", "HU", kind="number", group="Density"),
    ),
    Field(
        "max_hu",
        "HU",
        "Highest of its voxels, as scanned.",
        page=Shown("Highest", "HU", kind="number", group="Density", headline=True),
        code=codes.ATTENUATION,
        derived=codes.MAXIMUM,
    ),
    Field(
        "boundary_hu",
        "HU",
        "HU of its outline: half way from muscle to its rim, at most `detection.highest_boundary_hu`.",
        source="convention",
        page=Shown("Outline drawn at", "HU", kind="number", group="Density"),
    ),
    Field(
        "rim_hu",
        "HU",
        "Median of the peak HU of the rim (of each voxel at the surface the densest of it and its "
        "neighbours inward, no deeper than `detection.rim_mm` past `detection.blur_mm`). Where it stands on "
        "bone it has no rim.",
        source="convention",
        page=Shown("Rim, median", "HU", kind="number", group="Density"),
    ),
    Field(
        "core_hu",
        "HU",
        "Median HU of what lies deeper than the rim.",
        source="convention",
        page=Shown("Core, median", "HU", kind="number", group="Density"),
    ),
    Field(
        "maturity",
        "",
        "`mature` by a rim from `detection.mature_rim_hu`, `immature` below `detection.immature_rim_hu`, else "
        "`intermediate`. No publication gives HU by stage.",
        source="convention",
        page=Shown(
            "Maturity",
            missing="not judged",
            group="Density",
            headline=True,
            note="by the density of its rim, a convention; not histology",
        ),
        code=own("maturity", "Maturity by attenuation of the rim"),
    ),
    Field(
        "zonal_index",
        "ratio",
        "(rim − core) / rim.",
        source="convention",
        page=Shown("Zonal index", kind="number", digits=2, group="Density"),
        code=own("zonal_index", "Difference of rim and core over rim attenuation"),
    ),
    Field(
        "atypical_pattern",
        "",
        "The core denser than the rim by `detection.atypical_core_hu` or more, the rim not mature: ossification"
        " matures from outside in. For a reader to look at; it is not named.",
        source="convention",
        page=Shown("Denser inside than at the rim", group="Density"),
        code=own("atypical", "Dense core in a faint rim"),
    ),
)
