"""Keyed stand-ins for UIDs, so that results can be shared without the identity they came from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ho_detect.errors import UsageError, with_names

#: A shorter key could be found by trying all.
MIN_KEY_BYTES = 16


@dataclass(frozen=True)
class Pseudonyms:
    """Stand-ins for UIDs by keyed hash: the same key gives the same stand-ins, without it they tell nothing.

    Parameters
    ----------
    key
        At least 16 secret bytes.
    keep_identity
        True: :meth:`uid` returns true UIDs. Folder names come from the hash all the same, so that no
        header value ever shapes a path.

    Raises
    ------
    UsageError
        The key is too short.
    """

    key: bytes = field(repr=False)
    keep_identity: bool = False

    def __post_init__(self) -> None:
        if len(self.key) < MIN_KEY_BYTES:
            raise UsageError(f"a pseudonym key of {len(self.key)} bytes; it needs at least {MIN_KEY_BYTES}")

    @classmethod
    def random(cls, *, keep_identity: bool = False) -> Pseudonyms:
        """Return pseudonyms under a new key that is kept nowhere: no other run can repeat them."""
        return cls(secrets.token_bytes(32), keep_identity)

    @classmethod
    def from_file(cls, path: Path, *, keep_identity: bool = False) -> Pseudonyms:
        """Read the key from a file of any secret bytes; white space at its ends does not count.

        Raises
        ------
        UsageError
            The file cannot be read or holds too few bytes.
        """
        try:
            key = Path(path).read_bytes().strip()
        except OSError as error:
            raise UsageError(f"pseudonym key file {path}: {error.strerror}") from error
        return cls(key, keep_identity)

    def uid(self, uid: str) -> str:
        """Return a valid UID under 2.25 that stands for ``uid``; ``uid`` itself where identity is kept or it is empty.

        >>> Pseudonyms(bytes(16)).uid("1.2.3")
        '2.25.234032717547690775206643567667356737889'
        """
        return uid if self.keep_identity or not uid else uid_from(self._hash("uid", uid))

    def folder(self, identity: str) -> str:
        """Return a folder name for a series, given its :attr:`SeriesEntry.identity`.

        >>> Pseudonyms(bytes(16)).folder("../../etc")
        'series-ae4acfba994f'
        """
        return f"series-{self._hash('folder', identity).hex()[:12]}"

    def file(self, name: str) -> str:
        """Return a name that stands for that of a file, folder or archive; the name itself where identity is kept.

        >>> Pseudonyms(bytes(16)).file("ROE_JANE.dcm")
        'file-bad062d9faa1'
        """
        return name if self.keep_identity else f"file-{self._hash('file', name).hex()[:12]}"

    def said(self, detail: str) -> str:
        """Return the detail of a :class:`~ho_detect.errors.SeriesError` as it may be written."""
        return with_names(detail, self.file)

    def keyed(self, purpose: str, text: str) -> str:
        """Return a keyed hash of any text, in hex: equal for equal texts of one purpose, and nothing else is told."""
        return self._hash(purpose, text).hex()

    def digest(self, sha256: bytes) -> str:
        """Return a hexadecimal stand-in for the hash of a file; the hash itself where identity is kept."""
        return sha256.hex() if self.keep_identity else hmac.new(self.key, sha256, hashlib.sha256).hexdigest()

    def _hash(self, purpose: str, text: str) -> bytes:
        # surrogateescape would fail on a lone surrogate of another origin; a UID may hold any bytes
        data = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self.key, data, hashlib.sha256).digest()


def uid_from(digest: bytes) -> str:
    """Return a valid UID made of the first 16 bytes of a digest.

    >>> uid_from(bytes(15) + b"*" + bytes(16))
    '2.25.42'
    """
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
