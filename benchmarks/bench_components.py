"""Threshold, connected components and their statistics: ours beside the libraries that do the same.

Every contender starts from HU and ends with voxel count, bounding box, centroid and mean HU of each component.
The first call is told apart: ours compiles (``--cold``: with an empty cache, as on a new machine).

    python benchmarks/bench_components.py --json components.json
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import SAMPLE, report, times_of, with_ratios, without

LOW_HU = 200


def hip_volume(study: Path, times: int) -> np.ndarray:
    """Return the HU of a study, each voxel repeated in its slice for the matrix of a full scan."""
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.settings import Settings
    from ho_detect.system.pseudonyms import Pseudonyms

    entry = next(e for e in index_series([study], Settings().acquisition) if e.analyse)
    hu = load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu
    return np.ascontiguousarray(hu.repeat(times, axis=1).repeat(times, axis=2))


def noise_volume(shape: tuple[int, int, int]) -> np.ndarray:
    """Return dense noise: every third voxel is bone, runs are as short as can be."""
    rng = np.random.default_rng(0)
    return np.where(rng.random(shape, np.float32) < 0.33, 400, -50).astype(np.int16)


def contenders(hu: np.ndarray) -> dict[str, Callable[[], int]]:
    """Return name: call that returns the number of components."""
    found = {"ho-detect": lambda: _ours(hu), "ho-detect, labels painted": lambda: _ours(hu, paint=True)}
    found["scipy.ndimage"] = lambda: _scipy(hu)
    found["scikit-image"] = lambda: _skimage(hu)
    found["SimpleITK"] = lambda: _itk(hu)
    try:
        import cc3d  # noqa: F401
    except ImportError:
        without("connected-components-3d", "not installed (pip install '.[bench]')")
    else:
        found["connected-components-3d"] = lambda: _cc3d(hu)
    return found


def _ours(hu: np.ndarray, *, paint: bool = False) -> int:
    from ho_detect.image.components import label_components

    parts = label_components(hu, LOW_HU)
    if paint:
        parts.paint(np.arange(1, len(parts) + 1, dtype=np.uint32))
    return len(parts)


def _cc3d(hu: np.ndarray) -> int:
    import cc3d

    labels, n = cc3d.connected_components(hu >= LOW_HU, connectivity=26, return_N=True)
    cc3d.statistics(labels)
    _mean_hu(labels, hu, n)
    return int(n)


def _scipy(hu: np.ndarray) -> int:
    from scipy import ndimage as ndi

    labels, n = ndi.label(hu >= LOW_HU, np.ones((3, 3, 3)))
    ndi.find_objects(labels)
    _mean_hu(labels, hu, n)
    _centroids(labels, n)
    return int(n)


def _skimage(hu: np.ndarray) -> int:
    from scipy import ndimage as ndi  # regionprops visits one object at a time: hours on the noise
    from skimage.measure import label

    labels, n = label(hu >= LOW_HU, connectivity=3, return_num=True)
    ndi.find_objects(labels)
    _mean_hu(labels, hu, n)
    _centroids(labels, n)
    return int(n)


def _itk(hu: np.ndarray) -> int:
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(hu)
    labels = sitk.ConnectedComponent(image >= LOW_HU, True)
    statistics = sitk.LabelIntensityStatisticsImageFilter()
    statistics.Execute(labels, image)
    return int(statistics.GetNumberOfLabels())


def _mean_hu(labels: np.ndarray, hu: np.ndarray, n: int) -> np.ndarray:
    flat = labels.ravel()
    count = np.bincount(flat, minlength=n + 1)
    return np.bincount(flat, hu.ravel(), minlength=n + 1) / np.maximum(count, 1)


def _centroids(labels: np.ndarray, n: int) -> np.ndarray:
    at = np.nonzero(labels)
    number = labels[at]
    count = np.maximum(np.bincount(number, minlength=n + 1), 1)
    return np.stack([np.bincount(number, a, minlength=n + 1) / count for a in at], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT series")
    parser.add_argument("--times", type=int, default=1, help="repeat voxels in the slice so often")
    parser.add_argument("--noise", type=int, nargs=3, default=(100, 256, 256), metavar="N", help="shape of the noise")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: all that the process may use")
    parser.add_argument("--cold", action="store_true", help="with an empty cache of compiled code")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        if options.cold:
            os.environ["NUMBA_CACHE_DIR"] = cache  # before numba is imported
        from ho_detect.system.parallel import set_threads

        set_threads(options.threads)
        results = {}
        for name, hu in (
            ("hip", hip_volume(options.study, options.times)),
            ("noise", noise_volume(tuple(options.noise))),
        ):
            methods = contenders(hu)
            times = with_ratios(times_of(methods, options.repeats), "ho-detect")
            found = {n: method() for n, method in methods.items()}
            if len(set(found.values())) != 1:
                raise SystemExit(f"{name}: not the same number of components: {found}")
            times["numpy.max"] = with_ratios({**times, **times_of({"numpy.max": hu.max}, 7)}, "ho-detect")["numpy.max"]
            results[f"{name} {'x'.join(map(str, hu.shape))}, {found['ho-detect']} components"] = times
    report("Threshold, connected components, statistics", results, options.json)


if __name__ == "__main__":
    main()
