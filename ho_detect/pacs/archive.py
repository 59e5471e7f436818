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

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient

#: Environment variables that hold credentials; a command line can be read by every user of a machine.
TOKEN_VARIABLE: Final = "HO_DETECT_DICOMWEB_TOKEN"  # noqa: S105 - a name, no secret
USER_VARIABLE: Final = "HO_DETECT_DICOMWEB_USER"
PASSWORD_VARIABLE: Final = "HO_DETECT_DICOMWEB_PASSWORD"  # noqa: S105
#: To connect, and between two parts of an answer, s. Convention.
_TIMEOUT_S: Final = (10.0, 120.0)


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
        The address is none, holds credentials, or would send credentials or images in the open.
    """
    from dicomweb_client.session_utils import create_session, create_session_from_user_pass
    from dicomweb_client.web import DICOMwebClient

    _check_address(url, credentials)
    # it writes UIDs and answers of the archive to its log
    quiet = logging.getLogger("dicomweb_client")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    session = create_session()
    if credentials.user:
        session = create_session_from_user_pass(credentials.user, credentials.password)
    if credentials.token:
        session.headers["Authorization"] = f"Bearer {credentials.token}"
        # else requests would put what ~/.netrc holds in its place
        session.trust_env = False
    return DICOMwebClient(url, session=session, timeout=_TIMEOUT_S)


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


@contextmanager
def archive_errors() -> Iterator[None]:
    """Turn what goes wrong on the way to an archive into an error that names no patient, UID or secret."""
    from requests import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        hint = {401: ": credentials are missing or wrong", 403: ": not allowed"}.get(code, "")
        raise HoDetectError(f"the archive answered with status {code}{hint}") from error
    except RequestException as error:
        raise HoDetectError(f"the archive cannot be reached ({type(error).__name__})") from error
