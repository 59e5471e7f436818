"""Which series of an archive are candidates: asked study by study, judged by what the archive says of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from ho_detect.acquisition.headers.kinds import DERIVED_WORDS, LOCALIZER_WORDS
from ho_detect.acquisition.headers.slices import CT_CLASSES
from ho_detect.acquisition.series.body_part import other_body_part
from ho_detect.settings import AcquisitionSettings

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Parameters
    ----------
    modality
        Of the series.
    body_parts
        Any of these in BodyPartExamined; series that state none are kept. Without any: all.
    description
        Pattern (``*hip*``) for the description of study or series, in any case; empty: all.
    since, until
        First and last study date; None: open.
    """

    modality: str = "CT"
    body_parts: tuple[str, ...] = ()
    description: str = ""
    since: date | None = None
    until: date | None = None

    def study_filters(self) -> dict[str, Any]:
        """Return what the archive is asked for."""
        filters = {"ModalitiesInStudy": self.modality}
        if self.since or self.until:
            first, last = (f"{day:%Y%m%d}" if day else "" for day in (self.since, self.until))
            filters["StudyDate"] = f"{first}-{last}"
        return filters

    def matches(self, study_description: str, series_description: str, body_part: str) -> bool:
        """Whether a series is looked for, by its texts."""
        pattern = self.description.casefold()
        texts = (study_description.casefold(), series_description.casefold())
        if pattern and not any(fnmatch.fnmatchcase(text, pattern) for text in texts):
            return False
        stated = body_part.upper().strip()
        return not (stated and self.body_parts) or any(part.upper() in stated for part in self.body_parts)


@dataclass(frozen=True)
class Candidate:
    """A series of the archive; ``reason`` says why it is not fetched.

    Parameters
    ----------
    study_uid, series_uid
        True UIDs, for use inside.
    n_instances
        As the archive says.
    reason
        A code of :data:`ho_detect.flags.REASONS`; None: it is fetched.
    """

    study_uid: str
    series_uid: str
    n_instances: int
    reason: str | None = None


def find_series(client: DICOMwebClient, query: Query, settings: AcquisitionSettings) -> Iterator[Candidate]:
    """Yield every series that matches, each judged; one request for each study and one or two for each series."""
    studies = partial(client.search_for_studies, search_filters=query.study_filters(), fields=["StudyDescription"])
    for study in every(studies, "StudyInstanceUID"):
        series_of_study = partial(
            client.search_for_series,
            study.StudyInstanceUID,
            fields=["SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances"],
            search_filters={"Modality": query.modality},
        )
        for series in every(series_of_study, "SeriesInstanceUID"):
            texts = _texts(study, series)
            if query.matches(texts["StudyDescription"], texts["SeriesDescription"], texts["BodyPartExamined"]):
                yield _judged(client, study.StudyInstanceUID, series, texts, settings)


def _judged(
    client: DICOMwebClient, study_uid: str, series: Dataset, texts: dict[str, str], settings: AcquisitionSettings
) -> Candidate:
    from pydicom.dataset import Dataset

    instances = every(partial(client.search_for_instances, study_uid, series.SeriesInstanceUID), "SOPInstanceUID")
    n, reason = len(instances), None
    if not instances:
        reason = "derived_object"
    else:
        # the middle one: a localizer is often the first of a series
        middle = sorted(instances, key=_number)[n // 2]
        metadata = client.retrieve_instance_metadata(study_uid, series.SeriesInstanceUID, middle.SOPInstanceUID)
        # what is large, as pixels, the archive only names
        metadata = {tag: value for tag, value in metadata.items() if "BulkDataURI" not in value}
        reason = reason_to_leave(Dataset.from_json(metadata), n, texts, settings)
    return Candidate(study_uid, series.SeriesInstanceUID, n, reason)


def reason_to_leave(
    metadata: Dataset, n_instances: int, texts: dict[str, str], settings: AcquisitionSettings
) -> str | None:
    """Return why a series need not be fetched, by the metadata of one of its instances; None where it may be used."""
    words = {str(word).strip().upper() for word in metadata.get("ImageType") or ()}
    if str(metadata.get("Modality", "")).upper() not in ("CT", ""):
        return "not_ct"
    if words & LOCALIZER_WORDS:
        return "localizer"
    if metadata.get("SOPClassUID") not in CT_CLASSES or words & DERIVED_WORDS:
        return "derived_object"
    if n_instances * int(metadata.get("NumberOfFrames") or 1) < settings.min_slices:
        return "too_few_slices"
    protocol = {"ProtocolName": str(metadata.get("ProtocolName") or "")}
    return "not_hip_region" if other_body_part({**texts, **protocol}) else None


def _texts(study: Dataset, series: Dataset) -> dict[str, str]:
    return {
        "StudyDescription": str(study.get("StudyDescription") or ""),
        "SeriesDescription": str(series.get("SeriesDescription") or ""),
        "BodyPartExamined": str(series.get("BodyPartExamined") or ""),
    }


def _number(instance: Dataset) -> tuple[int, str]:
    return int(instance.get("InstanceNumber") or 0), str(instance.SOPInstanceUID)


def every(search: Callable[..., list[dict[str, Any]]], uid: str) -> list[Dataset]:
    """Return all that a search finds, page by page, each once.

    The client's own way of asking for what remains never ends with archives that ignore the offset of a page, as
    Orthanc 1.10 does where ModalitiesInStudy is asked for: here a page without anything new is the last.

    Parameters
    ----------
    search
        A search of the client.
    uid
        Keyword of the UID by which results are told apart.
    """
    from pydicom.dataset import Dataset

    found: dict[str, Dataset] = {}
    while True:
        page = {str(ds[uid].value): ds for ds in map(Dataset.from_json, search(offset=len(found)))}
        if page.keys() <= found.keys():
            return list(found.values())
        found |= page
