"""What every analysis needs and takes long to get: the fork server has it before the first child starts."""

from threadpoolctl import threadpool_limits

import ho_detect.acquisition.volume
import ho_detect.analyze
import ho_detect.reporting.nifti  # noqa: F401
from ho_detect.anatomy.shape_model import femur_model, hip_bone_model

with threadpool_limits(limits=1, user_api="blas"):  # no threads before a fork
    femur_model()
    hip_bone_model()
