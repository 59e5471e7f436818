"""An archive that speaks DICOMweb: how it is reached, with which credentials, and what its errors say."""

from __future__ import annotations

import ipaddress
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from ho_detect.errors import HoDetectError, UsageError
from ho_detect.system.extras import need

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient
    from requests import PreparedRequest, RequestException, Response
    from requests.auth import AuthBase

#: Environment variables that hold credentials; a command line can be read by every user of a machine.
TOKEN_VARIABLE: Final = "HO_DETECT_DICOMWEB_TOKEN"  # noqa: S105 - a name, no secret
USER_VARIABLE: Final = "HO_DETECT_DICOMWEB_USER"
PASSWORD_VARIABLE: Final = "HO_DETECT_DICOMWEB_PASSWORD"  # noqa: S105
#: To connect, and between two parts of an answer, s. Convention.
_TIMEOUT_S: Final = (10.0, 120.0)
#: Answers after which it makes no sense to ask for anything else.
_NO_ACCESS: Final = {401: "credentials are missing or wrong", 403: "not allowed"}
_PAGES: Final = ("text/html", "application/xhtml+xml")
_SIGN_IN: Final = (
    "a web page came in place of data: a sign-in page (credentials are missing or wrong), or the address is not the "
    "root of the archive's DICOMweb services"
)


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bearer token, or a user with a password; shown by nothing."""

    token: str = ""
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)" if self else "Credentials()"

    def __bool__(self) -> bool:
        return bool(self.token or self.user)

    @classmethod
    def find(cls, file: Path | None = None) -> Credentials:
        """Return the credentials of a TOML file (``token``, or ``user`` and ``password``), else of the environment.

        Raises
        ------
        UsageError
            The file cannot be read, can be read by others than its owner, or holds something else.
        """
        if file is None:
            names = (TOKEN_VARIABLE, USER_VARIABLE, PASSWORD_VARIABLE)
            return cls(*(os.environ.get(name, "") for name in names))
        try:
            if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError("the credentials file can be read by others: chmod 600 it")
            return msgspec.toml.decode(file.read_bytes(), type=cls)
        except OSError as error:
            raise UsageError(f"the credentials file cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # the text of the error may quote the file
            raise UsageError("the credentials file is no TOML with token, or user and password") from error


def connect(url: str, credentials: Credentials) -> DICOMwebClient:
    """Return a client for the archive at the root of its DICOMweb services.

    Raises
    ------
    UsageError
        The address is none, holds credentials, or would send credentials or images in the open; or the library of the
        extra ``pacs`` is not installed.
    """
    need("an archive", "pacs")
    from dicomweb_client.session_utils import (
        create_session,
        create_session_from_auth,
        create_session_from_user_pass,
    )
    from dicomweb_client.web import DICOMwebClient

    _check_address(url, credentials)
    # it writes UIDs and answers of the archive to its log
    quiet = logging.getLogger("dicomweb_client")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    session = create_session()
    if credentials.token:
        session = create_session_from_auth(_bearer(credentials.token))
    elif credentials.user:
        session = create_session_from_user_pass(credentials.user, credentials.password)
    session.hooks["response"].append(_page_is_no_answer)
    return DICOMwebClient(url, session=session, timeout=_TIMEOUT_S)


def _bearer(token: str) -> AuthBase:
    """Return what puts a token into each request; a mere header would be replaced by what ~/.netrc holds."""
    from requests.auth import AuthBase

    class Bearer(AuthBase):
        def __call__(self, request: PreparedRequest) -> PreparedRequest:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

    return Bearer()


def _page_is_no_answer(response: Response, **_: object) -> None:
    """Take a web page in place of data for what it means: not signed in."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    # some answer "nothing found" with an empty page
    if response.status_code == 200 and kind in _PAGES and response.content.strip():
        response.status_code, response.reason = 401, _SIGN_IN


def _check_address(url: str, credentials: Credentials) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise UsageError("the address of the archive is not valid") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError("the address of the archive must start with https:// (or http:// on this machine)")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"no credentials in the address: set {TOKEN_VARIABLE}, or use --credentials")
    if parts.scheme == "http" and not _is_this_machine(host):
        said = "credentials and images" if credentials else "images"
        raise UsageError(f"http:// would send {said} in the open: use https://")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class RefusedError(HoDetectError):
    """One request that the archive did not serve: the next may be."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


@contextmanager
def archive_errors() -> Iterator[None]:
    """Turn what goes wrong with one request into an error that names no patient, UID or secret.

    Raises
    ------
    RefusedError
        This request was not served, or its answer cannot be used.
    HoDetectError
        No request will be: there is no connection, or access is refused.
    """
    from requests import RequestException
    from retrying import RetryError

    try:
        yield
    except RetryError as error:
        # the last of several answers that all said: not now
        raise _error_of_answer(error.last_attempt.value) from error
    except RequestException as error:
        raise _error_of_request(error) from error
    except (HoDetectError, OSError):
        raise
    except Exception as error:
        # what is sent may hold anything, and fail anywhere where it is read
        raise RefusedError(f"the archive's answer cannot be used ({type(error).__name__})") from error


def _error_of_request(error: RequestException) -> HoDetectError:
    from requests import ConnectionError as NotConnected
    from requests import HTTPError, JSONDecodeError
    from urllib3.exceptions import MaxRetryError

    if isinstance(error, HTTPError):
        return _error_of_answer(error.response)
    if isinstance(error, JSONDecodeError):
        return RefusedError("the archive's answer is no DICOM JSON")
    # a connection that was there and ended says nothing of the next
    if isinstance(error, NotConnected) and isinstance(next(iter(error.args), None), MaxRetryError):
        return HoDetectError(f"the archive cannot be reached ({type(error).__name__})")
    return RefusedError(f"the archive gave no whole answer ({type(error).__name__})")


def _error_of_answer(response: Response | None) -> HoDetectError:
    code = response.status_code if response is not None else 0
    if response is not None and response.reason == _SIGN_IN:
        return HoDetectError(_SIGN_IN)
    if code in _NO_ACCESS:
        return HoDetectError(f"the archive answered with status {code}: {_NO_ACCESS[code]}")
    return RefusedError(f"the archive answered with status {code}", code)
