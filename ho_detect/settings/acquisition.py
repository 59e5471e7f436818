"""Settings of the way from files to a volume."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ho_detect.system.tunable import Group, Tunable


class AcquisitionSettings(Group, frozen=True):
    """What is accepted as a CT volume."""

    place: ClassVar[str] = "acquisition"
    min_slices: Annotated[
        int, Tunable("count", 2, 10000, "A series with fewer slices at different places is no volume of a joint.")
    ] = 12
    max_slice_step_mm: Annotated[
        float, Tunable("mm", 0.1, 20, "A larger distance between slices is refused: too few of them show the hip.")
    ] = 6.0
    step_tolerance_mm: Annotated[
        float, Tunable("mm", 0, 2, "Slice steps may differ by this or by 1 % of the median step, whichever is more.")
    ] = 0.05
    max_gap_mm: Annotated[
        float, Tunable("mm", 0, 20, "Missing slices are interpolated over a gap of at most this size.")
    ] = 6.0
    max_shear_degrees: Annotated[
        float, Tunable("degrees", 0, 10, "Slices that lean more against the stack are shifted onto a true grid.")
    ] = 0.1
    max_tilt_degrees: Annotated[
        float,
        Tunable(
            "degrees", 0, 60, "A stack that leans more than this is refused.", "CT gantries tilt by up to 30 degrees"
        ),
    ] = 31.0
    max_oblique_degrees: Annotated[
        float, Tunable("degrees", 0, 90, "A volume axis farther from every patient axis is refused.")
    ] = 30.0
    max_gigabytes: Annotated[float, Tunable("GB", 0, 1000, "A series that is larger once decoded is refused.")] = 8.0
    thick_slice_mm: Annotated[
        float, Tunable("mm", 0.1, 20, "Results from slices of this step or more are flagged.")
    ] = 3.0
    all_series: Annotated[
        bool,
        Tunable("switch", None, None, "Series that a better one of the same study stands in for are analysed too."),
    ] = False
