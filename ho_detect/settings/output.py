"""Settings of what is written."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ho_detect.system.extras import need
from ho_detect.system.tunable import Group, Tunable


class OutputSettings(Group, frozen=True):
    """What is written, and what it may say of the patient."""

    place: ClassVar[str] = "output"
    keep_identity: Annotated[
        bool,
        Tunable(
            "switch", None, None, "True UIDs, patient id, study date and source folder are written, not pseudonyms."
        ),
    ] = False
    dicom: Annotated[
        bool, Tunable("switch", None, None, "A DICOM Segmentation, structured report and key images are written too.")
    ] = False
    bones: Annotated[
        bool, Tunable("switch", None, None, "A label map of native femur and hip bone is written too.")
    ] = False
    meshes: Annotated[
        bool,
        Tunable("switch", None, None, "Lesions and native bones are written as STL and 3MF too; with dicom as DICOM."),
    ] = False
    fhir: Annotated[
        bool, Tunable("switch", None, None, "A FHIR R4 bundle with a diagnostic report is written too.")
    ] = False
    fhir_bundle: Annotated[
        Literal["collection", "transaction"],
        Tunable("name", None, None, "The FHIR bundle is a collection to keep, or a transaction for a FHIR server."),
    ] = "collection"
    naming: Annotated[
        Literal["plain", "bids"],
        Tunable("name", None, None, "With bids, label maps and records get names of a BIDS derivative too."),
    ] = "plain"

    def check_libraries(self) -> None:
        """Raise UsageError where a library is missing that what is asked for needs: before any analysis."""
        if self.dicom:
            need("DICOM output", "dicom")
