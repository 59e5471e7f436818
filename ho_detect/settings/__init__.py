"""All settings, as one frozen record: each with its default, unit, range, source and one sentence.

``ho-detect settings`` prints them as a file to edit. *Convention* is a choice of this project, never presented as
validated. One module for each stage; :class:`Settings` holds them all.
"""

from ho_detect.settings.acquisition import AcquisitionSettings
from ho_detect.settings.anatomy import AnatomySettings, JointSettings
from ho_detect.settings.detection import DetectionSettings
from ho_detect.settings.follow_up import FollowUpSettings
from ho_detect.settings.judge import JudgeSettings
from ho_detect.settings.output import OutputSettings
from ho_detect.settings.settings import Settings, digest_of

__all__ = [
    "AcquisitionSettings",
    "AnatomySettings",
    "DetectionSettings",
    "FollowUpSettings",
    "JointSettings",
    "JudgeSettings",
    "OutputSettings",
    "Settings",
    "digest_of",
]
