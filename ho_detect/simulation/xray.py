"""What a polychromatic beam loses in water, bone and metal, and what a scanner's water correction makes of it.

Mass attenuation coefficients are those of NIST Standard Reference Database 126 (Hubbell and Seltzer, NISTIR 5632,
10.18434/T4D01F): water, cortical bone (ICRU-44), and the elements of each alloy by mass; those at 120 keV lie on a
straight line between the tabulated 100 and 150 keV, both axes logarithmic. Spectra are of a tungsten tube (anode
angle 8 degrees, filtered by 6 mm aluminium and 0.9 mm titanium), as SpekPy 2.5 gives them (Poludniowski et al. 2021,
10.1002/mp.14945), weighted by energy as an energy-integrating detector weights them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray

Metal = Literal["titanium", "cobalt_chromium", "steel"]
METALS: tuple[Metal, ...] = ("titanium", "cobalt_chromium", "steel")

#: Energies that stand for a beam, keV: the middles of 0-45, 45-55, 55-70, 70-90, 90-110 and above.
ENERGIES_KEV = (40.0, 50.0, 60.0, 80.0, 100.0, 120.0)
#: Share of the detected energy at each, by tube voltage in kV.
_SPECTRA: dict[int, tuple[float, ...]] = {
    100: (0.1071, 0.1751, 0.3921, 0.2777, 0.0480, 0.0),
    120: (0.0717, 0.1261, 0.3440, 0.2581, 0.1734, 0.0267),
    140: (0.0526, 0.0981, 0.3041, 0.2202, 0.1921, 0.1329),
}
#: cm2/g at 40, 50, 60, 80, 100 and 150 keV.
_MASS: dict[str, tuple[float, ...]] = {
    "water": (0.2683, 0.2269, 0.2059, 0.1837, 0.1707, 0.1505),
    "bone": (0.6655, 0.4242, 0.3148, 0.2229, 0.1855, 0.1480),
    "Al": (0.5685, 0.3681, 0.2778, 0.2018, 0.1704, 0.1378),
    "Ti": (2.214, 1.213, 0.7661, 0.4052, 0.2721, 0.1649),
    "V": (2.472, 1.347, 0.8438, 0.4371, 0.2877, 0.1682),
    "Cr": (2.856, 1.550, 0.9639, 0.4905, 0.3166, 0.1788),
    "Fe": (3.629, 1.958, 1.205, 0.5952, 0.3717, 0.1964),
    "Co": (3.981, 2.144, 1.314, 0.6414, 0.3949, 0.2023),
    "Ni": (4.600, 2.474, 1.512, 0.7306, 0.4440, 0.2208),
    "Mo": (12.94, 7.037, 4.274, 1.962, 1.096, 0.4208),
}
#: g/cm3, and share of each element by mass: Ti-6Al-4V (ASTM F136), Co-28Cr-6Mo (ASTM F75), 316L steel (ASTM F138).
_MADE_OF: dict[str, tuple[float, dict[str, float]]] = {
    "water": (1.0, {"water": 1.0}),
    "bone": (1.92, {"bone": 1.0}),
    "titanium": (4.43, {"Ti": 0.90, "Al": 0.06, "V": 0.04}),
    "cobalt_chromium": (8.3, {"Co": 0.66, "Cr": 0.28, "Mo": 0.06}),
    "steel": (8.0, {"Fe": 0.655, "Cr": 0.18, "Ni": 0.14, "Mo": 0.025}),
}
#: Water is followed so far by the correction, mm, and in such steps.
_MOST_WATER_MM, _STEP_MM = 3000.0, 2.0


@lru_cache(maxsize=1)
def attenuation_per_mm() -> dict[str, FloatArray]:
    """Linear attenuation of each substance at :data:`ENERGIES_KEV`, 1/mm."""
    out = {}
    for name, (density, shares) in _MADE_OF.items():
        table = np.sum([share * np.array(_MASS[part]) for part, share in shares.items()], axis=0)
        at_120 = np.exp(np.interp(np.log(120), np.log([100, 150]), np.log(table[4:])))
        out[name] = 0.1 * density * np.append(table[:5], at_120)
    return out


def spectrum(kvp: float) -> FloatArray:
    """Share of the detected energy at :data:`ENERGIES_KEV`, of the tabulated voltage nearest to that asked for."""
    share = np.array(_SPECTRA[min(_SPECTRA, key=lambda known: abs(known - kvp))])
    return np.asarray(share / share.sum())


def bone_hu(kvp: float) -> float:
    """HU of cortical bone without beam hardening: behind 250 mm of water."""
    mu = attenuation_per_mm()
    left = spectrum(kvp) * np.exp(-250 * mu["water"])
    return 1000 * (float((left * mu["bone"]).sum() / (left * mu["water"]).sum()) - 1)


def transmitted(lengths_mm: dict[str, NDArray[np.float32]], kvp: float) -> FloatArray:
    """Share of a beam's energy that is left behind so many mm of each substance; arrays of one shape."""
    mu = attenuation_per_mm()
    left: FloatArray | None = None
    for k, share in enumerate(spectrum(kvp)):
        if share == 0:
            continue
        lost = sum(mu[name][k] * np.asarray(length, float) for name, length in lengths_mm.items())
        one = share * np.exp(-np.maximum(lost, 0))
        left = one if left is None else left + one
    if left is None:
        raise ValueError(f"no beam of {kvp} kV")
    return left


def water_equivalent_mm(left: FloatArray, kvp: float) -> FloatArray:
    """Length of water that leaves so much of the beam: what a scanner's water correction takes a reading for, mm."""
    water, logs = _water_curve(min(_SPECTRA, key=lambda known: abs(known - kvp)))
    return np.interp(-np.log(left), logs, water)


@lru_cache(maxsize=4)
def _water_curve(kvp: int) -> tuple[FloatArray, FloatArray]:
    water = np.arange(-200.0, _MOST_WATER_MM, _STEP_MM)
    mu = attenuation_per_mm()["water"]
    left = (spectrum(kvp) * np.exp(-np.maximum(water, 0)[:, None] * mu)).sum(axis=1)
    logs = -np.log(left)
    # more than the whole beam, by noise: the slope of little water goes on
    slope = float((spectrum(kvp) * mu).sum())
    return water, np.where(water < 0, water * slope, logs)
