"""Raw pages, kept as they came: compressed, named by the SHA-256 of their content.

A body is written under another name, synced and renamed, so a name that exists always holds its whole body.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

import zstandard

from storage.errors import ArchiveError, DiskFull

_LEVEL = 10  # 2.5 times faster than 19 at nearly its size on pages


class Archive:
    """A folder of raw pages. Two programs may put the same body at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def address(body: bytes) -> str:
        """The name that the archive gives to a body."""
        return hashlib.sha256(body).hexdigest()

    def path_of(self, sha256: str) -> Path:
        """Where a body is kept."""
        return self.folder / sha256[:2] / f"{sha256[2:]}.zst"

    def put(self, body: bytes) -> str:
        """Keep a body and return its name; one that is there already is not written again.

        Raises:
            DiskFull: there is no room for it.
            ArchiveError: the folder cannot be written.

        """
        sha256 = self.address(body)
        path = self.path_of(sha256)
        if path.exists():
            return sha256
        try:
            self._write(path, zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(body))
        except OSError as err:
            if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull(
                    f"the disk that holds {self.folder} is full; make room and run again", path=self.folder
                ) from err
            raise ArchiveError(
                f"{self.folder} cannot be written ({err.strerror}); check the `archive` setting and its permissions",
                path=self.folder,
            ) from err
        return sha256

    def get(self, sha256: str) -> bytes:
        """The body of that name, verified.

        Raises:
            ArchiveError: it is not there, or is not what it was.

        """
        path = self.path_of(sha256)
        try:
            packed = path.read_bytes()
        except FileNotFoundError as err:
            raise ArchiveError(
                f"the archive {self.folder} does not hold {sha256}; it was deleted, or `archive` names another folder",
                path=path,
            ) from err
        except OSError as err:
            raise ArchiveError(f"{path} cannot be read ({err.strerror}); check its permissions", path=path) from err
        try:
            body = zstandard.ZstdDecompressor().decompress(packed)
        except zstandard.ZstdError as err:
            raise ArchiveError(f"{path} is damaged ({err}); restore it from a backup, or delete it", path=path) from err
        if self.address(body) != sha256:
            raise ArchiveError(
                f"{path} does not hold the page that its name promises; restore it from a backup, or delete it",
                path=path,
            )
        return body

    def _write(self, path: Path, packed: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)  # noqa: PTH105 - `name` is what mkstemp gave
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
