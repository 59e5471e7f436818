"""Who made a DICOM output, and the UIDs in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import numpy as np

from ho_detect.export.dicom.source import METHOD
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import uid_from

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from ho_detect.results.result import Result

#: What is written, and the number of its series: results follow the scanner's own.
_SERIES: Final = {
    "segmentation": (9001, "ho-detect segmentation (research use only)"),
    "report": (9002, "ho-detect findings (research use only)"),
    "picture": (9003, "ho-detect pictures (research use only)"),
    "mesh": (9004, "ho-detect surfaces (research use only)"),
}
Kind = Literal["segmentation", "report", "picture", "mesh"]


@dataclass(frozen=True)
class Identity:
    """What the DICOM objects of one result share.

    Parameters
    ----------
    digest
        Of the findings, by which UIDs are made: the same findings of the same images have the same UIDs, so that
        sending them twice to an archive stores them once.
    version
        Of the software.
    settings_digest
        Of the settings.
    true_identity
        Whether patient, study and UIDs are the true ones.
    """

    digest: bytes
    version: str
    settings_digest: str
    true_identity: bool
    name: str = "ho-detect"
    manufacturer: str = "The ho-detect developers"

    @classmethod
    def of(cls, result: Result) -> Identity:
        """Return the identity of a result that has a source."""
        source, software = result.volume.source, result.record.software
        if source is None:
            raise ValueError("findings without a source")
        # what else was asked to be written, and how many threads there were, makes no other findings
        plain = msgspec.structs.replace(software, settings=Settings())
        digest = hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(result.record, software=plain)))
        places = np.flatnonzero(result.labels)
        digest.update(places.tobytes())
        digest.update(result.labels.ravel()[places].tobytes())
        return cls(digest.digest(), software.version, software.settings_digest, source.pseudonyms.keep_identity)

    @property
    def serial(self) -> str:
        """A device is this version with these settings."""
        return f"{self.version}-{self.settings_digest}"

    @property
    def device_uid(self) -> str:
        """UID of the device: the same for all results of this version with these settings."""
        return uid_from(hashlib.sha256(f"{self.name} {self.serial}".encode()).digest())

    def uid(self, purpose: str, number: int = 0) -> str:
        """Return the UID of a part of this result."""
        return uid_from(hashlib.sha256(self.digest + f"\0{purpose}\0{number}".encode()).digest())

    def attributes(self, kind: Kind, number: int = 1) -> dict[str, Any]:
        """Return what highdicom asks for of the series, the instance and the equipment."""
        series_number, description = _SERIES[kind]
        return {
            "series_instance_uid": self.uid(f"series of {kind}"),
            "series_number": series_number,
            "series_description": description,
            "sop_instance_uid": self.uid(kind, number),
            "instance_number": number,
            "manufacturer": self.manufacturer,
            "manufacturer_model_name": self.name,
            "software_versions": self.version,
            "device_serial_number": self.serial,
        }

    def tracking_id(self, lesion_id: int) -> str:
        """Return the name by which a lesion of this result is followed; its UID is ``uid("lesion", id)``."""
        return f"lesion-{lesion_id}-{self.digest.hex()[:8]}"

    def state_method(self, ds: Dataset) -> None:
        """Say in an output that identity was removed, and how; highdicom does not copy this from the source."""
        if not self.true_identity:
            ds.PatientIdentityRemoved = "YES"
            ds.DeidentificationMethod = METHOD
            ds.LongitudinalTemporalInformationModified = "REMOVED"
