"""Whether a header says clearly that a hip cannot be in view.

Headers are often wrong (a whole-body CT called CHEST), so only parts that are scanned alone count, only where
the body part says so, and only where nothing names a part that could bring the hip into view. What is left
is for the anatomy to decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ELSEWHERE = re.compile(
    r"\b(HEAD|BRAIN|SKULL|FACE|FACIAL|MAXILLA|MANDIBLE|SINUS|SINUSES|ORBIT|ORBITS|HEADNECK|NECK|CSPINE|CERVICAL|IAC"
    r"|TEMPORAL|HAND|WRIST|FOREARM|ELBOW|SHOULDER|HEART|CARDIAC|CORONARY)\b"
)
_MAYBE = re.compile(
    r"HIP|HUEFT|HÜFT|HANCHE|ANCA|CADERA|PELV|BECKEN|BASSIN|ABD|ABD[OÓ]M|FEM|LEG|THIGH|KNEE|EXTREM|OBERSCHENKEL|CUISSE"
    r"|WHOLE|BODY|GANZK|TRAUMA|POLY|RUNOFF|LOWER|LSPINE|LUMB|LWS|SACR|CHEST|THORA|TAP|CAP|LIMB|JOINT|IMPLANT"
)


def other_body_part(texts: Mapping[str, str]) -> str | None:
    """Return the body part where a header says clearly that no hip was scanned, else None.

    Parameters
    ----------
    texts
        ``BodyPartExamined`` and the descriptions of series, study and protocol.

    >>> other_body_part({"BodyPartExamined": "HEAD", "SeriesDescription": "stereotaxis"})
    'HEAD'
    >>> other_body_part({"BodyPartExamined": "HEAD", "StudyDescription": "polytrauma"})
    >>> other_body_part({"SeriesDescription": "femoral head"})
    """
    part = texts.get("BodyPartExamined", "").upper()
    said = " ".join(texts.get(k, "") for k in ("SeriesDescription", "StudyDescription", "ProtocolName")).upper()
    found = _ELSEWHERE.search(part)
    if found is None or _MAYBE.search(part) or _MAYBE.search(said):
        return None
    return found.group()
