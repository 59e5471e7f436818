"""Which series of an archive are candidates: asked study by study, judged by what the archive says of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ho_detect.acquisition.headers.kinds import DERIVED_WORDS, LOCALIZER_WORDS, no_attenuation
from ho_detect.acquisition.headers.slices import CT_CLASSES
from ho_detect.acquisition.series.body_part import other_body_part
from ho_detect.pacs.archive import RefusedError, archive_errors
from ho_detect.settings import AcquisitionSettings

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient

#: A data set in DICOM JSON, as an archive sent it.
Item = dict[str, Any]
#: A search of the client.
Search = Callable[..., list[Item]]
_NOT_FOUND: Final = 404


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
    place
        By numbers, in the archive's order, as ``study 2, series 1``.
    study_uid, series_uid
        True UIDs, for use inside.
    n_instances
        As the archive says.
    reason
        A code of :data:`ho_detect.flags.REASONS`; None: it is fetched.
    refused
        What the archive answered where it did not say what is there; empty: it did.
    """

    place: str
    study_uid: str = ""
    series_uid: str = ""
    n_instances: int = 0
    reason: str | None = None
    refused: str = ""


def find_series(client: DICOMwebClient, query: Query, settings: AcquisitionSettings) -> Iterator[Candidate]:
    """Yield every series that matches, each judged; one request for each study and one or two for each series.

    Raises
    ------
    HoDetectError
        The archive cannot be reached, allows nothing, or does not list its studies.
    """
    studies: list[Item] = []
    search = partial(client.search_for_studies, search_filters=query.study_filters(), fields=["StudyDescription"])
    refused = _into(studies, search, "StudyInstanceUID")
    if refused is not None and not studies:
        raise refused
    for number, study in enumerate(studies, start=1):
        yield from _series_of(client, study, f"study {number}", query, settings)
    if refused is not None:
        yield Candidate(f"what follows study {len(studies)}", refused=str(refused))


def _series_of(
    client: DICOMwebClient, study: Item, place: str, query: Query, settings: AcquisitionSettings
) -> Iterator[Candidate]:
    series_of_study: list[Item] = []
    study_uid = text(study, "StudyInstanceUID")
    search = partial(
        client.search_for_series,
        study_uid,
        fields=["SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances"],
        search_filters={"Modality": query.modality},
    )
    refused = _into(series_of_study, search, "SeriesInstanceUID")
    for number, series in enumerate(series_of_study, start=1):
        texts = {
            "StudyDescription": text(study, "StudyDescription"),
            "SeriesDescription": text(series, "SeriesDescription"),
            "BodyPartExamined": text(series, "BodyPartExamined"),
        }
        if query.matches(texts["StudyDescription"], texts["SeriesDescription"], texts["BodyPartExamined"]):
            found = Candidate(f"{place}, series {number}", study_uid, text(series, "SeriesInstanceUID"))
            yield _judged(client, found, texts, settings)
    if refused is not None:
        after = f", what follows series {len(series_of_study)}" if series_of_study else ""
        yield Candidate(f"{place}{after}", study_uid, refused=str(refused))


def _into(found: list[Item], search: Search, uid: str) -> RefusedError | None:
    """Add all that a search finds; return what the archive answered where it did not tell all."""
    try:
        for item in every(search, uid):
            found.append(item)  # noqa: PERF402 - what came before a refused page is kept
    except RefusedError as error:
        return error
    return None


def _judged(
    client: DICOMwebClient, found: Candidate, texts: dict[str, str], settings: AcquisitionSettings
) -> Candidate:
    study_uid, series_uid = found.study_uid, found.series_uid
    try:
        instances = list(every(partial(client.search_for_instances, study_uid, series_uid), "SOPInstanceUID"))
        if not instances:
            return replace(found, reason="derived_object")
        n = len(instances)
        # the middle one: a localizer is often the first of a series
        middle = text(sorted(instances, key=_number)[n // 2], "SOPInstanceUID")
        with archive_errors():
            metadata = client.retrieve_instance_metadata(study_uid, series_uid, middle)
    except RefusedError as error:
        return replace(found, refused=str(error))
    return replace(found, n_instances=n, reason=reason_to_leave(metadata, n, texts, settings))


def reason_to_leave(
    metadata: Item, n_instances: int, texts: dict[str, str], settings: AcquisitionSettings
) -> str | None:
    """Return why a series need not be fetched, by the metadata of one of its instances; None where it may be used."""
    words = {word.upper() for word in values(metadata, "ImageType")}
    if text(metadata, "Modality").upper() not in ("CT", ""):
        return "not_ct"
    if words & LOCALIZER_WORDS:
        return "localizer"
    if (
        text(metadata, "SOPClassUID") not in CT_CLASSES
        or words & DERIVED_WORDS
        or no_attenuation(tuple(sorted(words)), "")
    ):
        return "derived_object"
    if n_instances * (whole_number(metadata, "NumberOfFrames") or 1) < settings.min_slices:
        return "too_few_slices"
    return "not_hip_region" if other_body_part({**texts, "ProtocolName": text(metadata, "ProtocolName")}) else None


def _number(instance: Item) -> tuple[int, str]:
    return whole_number(instance, "InstanceNumber") or 0, text(instance, "SOPInstanceUID")


def every(search: Search, uid: str) -> Iterator[Item]:
    """Yield all that a search finds, page by page, each once.

    The client's own way of asking for what remains never ends with archives that ignore the offset of a page, as
    Orthanc 1.10 does where ModalitiesInStudy is asked for: here a page without anything new is the last.

    Parameters
    ----------
    search
        A search of the client.
    uid
        Keyword of the UID by which results are told apart.

    Raises
    ------
    RefusedError
        The archive did not answer, or named something without a UID, for which nobody can ask.
    """
    seen: set[str] = set()
    while True:
        try:
            with archive_errors():
                page = {text(item, uid): item for item in search(offset=len(seen))}
        except RefusedError as error:
            if error.status == _NOT_FOUND and seen:
                return  # so some say that there is no further page
            raise
        nameless = page.pop("", None)
        yield from (item for name, item in page.items() if name not in seen)
        if nameless is not None:
            raise RefusedError(f"the archive's answer names something without {uid}")
        if page.keys() <= seen:
            return
        seen |= page.keys()


def values(item: Item, keyword: str) -> list[str]:
    """Return the values of an attribute in DICOM JSON as text; nothing where there is none, or what is no value.

    Each attribute is read by itself: one that is not valid says nothing, and hides no other.

    >>> values({"00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL "]}}, "ImageType")
    ['ORIGINAL', 'AXIAL']
    """
    from pydicom.datadict import tag_for_keyword

    found = item.get(f"{tag_for_keyword(keyword):08X}")
    stated = found.get("Value") if isinstance(found, dict) else None
    return [str(value).strip("\0 ") for value in stated or [] if value is not None] if isinstance(stated, list) else []


def text(item: Item, keyword: str) -> str:
    """Return the first value of an attribute in DICOM JSON; empty where there is none."""
    return next(iter(values(item, keyword)), "")


def whole_number(item: Item, keyword: str) -> int | None:
    """Return a whole number in DICOM JSON; None where there is none.

    >>> whole_number({"00200013": {"vr": "IS", "Value": ["7"]}}, "InstanceNumber")
    7
    >>> whole_number({"00200013": {"vr": "IS", "Value": ["7.5"]}}, "InstanceNumber")
    """
    try:
        return int(text(item, keyword))
    except ValueError:
        return None
