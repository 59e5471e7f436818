"""What every analysis needs and takes long to get: the fork server has it before the first child starts."""

import gc
import logging
import os

from ho_detect.system.parallel import without_blas_threads


def _preload() -> None:
    logging.getLogger("ho_detect").addHandler(logging.NullHandler())  # children tell their run, and it the user
    # numpy would ask for pages of 2 MB: a label map of a few small things is then zeroed as if it were full, a seventh
    # of a study's memory (https://numpy.org/doc/stable/reference/global_state.html)
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    without_blas_threads()
    gc.disable()  # so much is made and kept that looking for garbage would take a sixth of the time
    import numpy as np
    from skimage.measure import marching_cubes  # noqa: F401
    from threadpoolctl import threadpool_limits

    import ho_detect.analyze
    import ho_detect.cohort.run.worker
    import ho_detect.export.pages.report
    import ho_detect.export.save  # noqa: F401
    from ho_detect._kernels.smoothing import smooth_slices
    from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
    from ho_detect.export.pages.templating import prepare
    from ho_detect.system.memory import give_back_freed_memory

    with threadpool_limits(limits=1, user_api="blas"):  # no threads before a fork
        femur_model()
        hip_bone_model()
    prepare("report.html.jinja")
    of_slice, weight = np.zeros((1, 1, 1), np.int16), np.ones(1, np.float32)
    # the first kernel that is loaded takes a tenth of a second
    smooth_slices(0, 1, of_slice, weight, weight, weight, np.empty_like(of_slice))
    give_back_freed_memory()
    gc.freeze()  # a collection in a child would write to each page that it shares with this process, and so copy it
    gc.enable()


_preload()
