"""Simulated hip CT with known ossification: plans in, CT and truth out. Needs no data file of its own.

Read downward: :mod:`person` (who is drawn), :mod:`femur` and :mod:`pelvis` (bones as signed distance), :mod:`measured`
(bones as measured in people, for random studies), :mod:`muscles`, :mod:`tissue` (HU of the body),
:mod:`implanting` (hip replacements, nails, plates and screws), :mod:`ossification`, :mod:`mimics`, :mod:`scan` (what a
scanner makes of it), :mod:`study` (all of it in one call), :mod:`write` (DICOM), :mod:`studies` (the shipped samples),
:mod:`draw` and :mod:`draw_metal` (random studies).

Attenuation is painted, then blurred, sharpened and made noisy; what metal changes in a slice is projected and
reconstructed (:mod:`projection`, :mod:`xray`). What is measured on such studies says how a method behaves on known
truth; it is no evidence of accuracy in patients.
"""

from ho_detect.simulation.studies import write_samples

__all__ = ["write_samples"]
