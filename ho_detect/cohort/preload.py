"""Imports of the analysis that take long: the fork server has them before the first child starts."""

import ho_detect.acquisition.volume
import ho_detect.analyze
import ho_detect.reporting.nifti  # noqa: F401
