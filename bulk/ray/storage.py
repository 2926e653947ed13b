"""The location of an archive or its tables: a folder, or an address for pyarrow such as ``s3://``.

Retries of object stores are those of pyarrow's file systems.
"""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs, parquet

from model.atomic import write_atomically
from model.errors import PleuraError, UnreadableImage
from model.reading.files import has_image_suffix, is_leftover

from ..listing import list_images
from ..loop import ArchiveError

IMAGES, ERRORS = "images", "errors"

RECORD = "pleura-run.json"

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://")

MAX_BYTES = 1 << 30
"""Largest size of an image file."""


@dataclass(frozen=True, slots=True)
class Location:
    """A folder on this machine, on a disk shared by all machines, or in an object store.

    Attributes:
        address: An absolute path, or ``scheme://…`` for `pyarrow.fs.FileSystem.from_uri`.
    """

    address: str

    @classmethod
    def parse(cls, given: str) -> Location:
        """Return the location for a command-line argument; a path may be relative."""
        return cls(given if _SCHEME.match(given) else str(Path(given).absolute()))

    def open(self) -> tuple[fs.FileSystem, str]:
        """Return the file system, and the path in it.

        Raises:
            PleuraError: The address is invalid or cannot be reached.
        """
        return _opened(self.address)

    def images(self, *, out: Location) -> tuple[list[str], int]:
        """List the images below this location: as `list_images`, in an object store by suffix only.

        Returns:
            The relative paths, with ``/``, and the number of other files.

        Raises:
            PleuraError: The location cannot be listed.
        """
        files, base = self.open()
        if isinstance(files, fs.LocalFileSystem):
            if not Path(base).is_dir():
                raise PleuraError(f"--input {base} is not a folder: give a folder with radiographs.")
            results, folder = out.open()
            left_out = Path(folder if isinstance(results, fs.LocalFileSystem) else "/")
            listing = list_images([Path(base)], recursive=True, out=left_out)
            return listing.names, listing.ignored
        try:
            found = files.get_file_info(fs.FileSelector(base, recursive=True))
        except OSError as error:
            raise PleuraError(
                f"--input cannot be listed ({error}): check the address and credentials."
            ) from None
        names = [info.path.removeprefix(base).lstrip("/") for info in found if info.is_file]
        names = [name for name in names if not _is_leftover(name) and not self._holds(out, name)]
        images = [name for name in names if has_image_suffix(name)]
        return images, len(names) - len(images)

    def _holds(self, out: Location, name: str) -> bool:
        (files, base), (its, folder) = self.open(), out.open()
        return files.equals(its) and f"{base}/{name}".startswith(f"{folder}/")

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises:
            UnreadableImage: The file cannot be opened, or is too large.
        """
        files, base = self.open()
        try:
            with files.open_input_file(f"{base}/{name}") as file:
                if file.size() > MAX_BYTES:
                    raise UnreadableImage("The file is larger than 1 GiB: give a single radiograph.")
                data: bytes = file.read()
                return data
        except OSError as error:
            raise UnreadableImage(
                f"The file cannot be opened ({error}): check its name and permissions."
            ) from None

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically.

        Args:
            name: Relative to this location.
            data: The whole content.

        Raises:
            ArchiveError: The file cannot be written.
        """
        files, base = self.open()
        try:
            if isinstance(files, fs.LocalFileSystem):
                write_atomically(Path(base, name), data)
            else:
                # An object appears only when its stream is closed.
                with files.open_output_stream(f"{base}/{name}") as stream:
                    stream.write(data)
        except OSError as error:
            raise ArchiveError(
                f"The results cannot be written ({error}): check free space and permissions, "
                "then run the same command again."
            ) from error

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        files, base = self.open()
        if files.get_file_info(f"{base}/{name}").is_file:
            files.delete_file(f"{base}/{name}")

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write ``table`` as one Parquet file; for an empty table, remove the file.

        Args:
            name: Relative to this location.
            table: All rows of the file.

        Raises:
            ArchiveError: The file cannot be written.
        """
        if not table.num_rows:
            self.remove(name)
            return
        sink = pa.BufferOutputStream()
        parquet.write_table(table, sink, compression="zstd")
        self.write(name, sink.getvalue().to_pybytes())

    def paths_in(self, table: str) -> list[str]:
        """Return the column ``path`` of all files of a table, duplicates included.

        Raises:
            ArchiveError: A file is damaged.
        """
        files, base = self.open()
        found = files.get_file_info(fs.FileSelector(f"{base}/{table}", allow_not_found=True))
        names = sorted(
            info.path for info in found if info.is_file and re.fullmatch(r"\w+\.parquet", info.base_name)
        )

        def column(name: str) -> list[str]:
            try:
                paths: list[str] = parquet.read_table(name, columns=["path"], filesystem=files)[
                    "path"
                ].to_pylist()
            except (pa.ArrowException, OSError, KeyError) as error:
                raise ArchiveError(
                    f"{name} cannot be read ({error}): remove it, then run the same command again."
                ) from None
            return paths

        with ThreadPoolExecutor(8) as pool:
            return [path for paths in pool.map(column, names) for path in paths]

    def forget(self, table: str) -> None:
        """Remove a table.

        Raises:
            ArchiveError: The table cannot be removed.
        """
        files, base = self.open()
        try:
            files.delete_dir_contents(f"{base}/{table}", missing_dir_ok=True)
        except OSError as error:
            raise ArchiveError(
                f"{table} in --output cannot be removed ({error}): check the permissions."
            ) from None

    def check_record(self, wanted: dict[str, Any]) -> None:
        """Write the record of the settings if there is none, otherwise compare.

        Raises:
            PleuraError: The tables were made with other settings.
        """
        files, base = self.open()
        try:
            if not files.get_file_info(f"{base}/{RECORD}").is_file:
                self.write(RECORD, json.dumps(wanted).encode() + b"\n")
            with files.open_input_file(f"{base}/{RECORD}") as file:
                found = json.loads(file.read())
        except OSError as error:
            raise PleuraError(
                f"--output cannot be read or written ({error}): check the address and permissions."
            ) from None
        except ValueError:
            found = {}
        other = [
            key for key, value in wanted.items() if not isinstance(found, dict) or found.get(key) != value
        ]
        if other:
            raise PleuraError(
                f"--output holds results of another {' and '.join(other)}: "
                "use another folder, or delete its contents."
            )


def in_unicode(names: list[str]) -> tuple[list[str], list[str]]:
    """Split names into those that are valid Unicode and, escaped, those that are not."""
    escaped = [(name, os.fsencode(name).decode("utf-8", "backslashreplace")) for name in names]
    return (
        [name for name, readable in escaped if name == readable],
        [readable for name, readable in escaped if name != readable],
    )


@lru_cache(maxsize=8)
def _opened(address: str) -> tuple[fs.FileSystem, str]:
    if not _SCHEME.match(address):
        return fs.LocalFileSystem(), address
    try:
        files, base = fs.FileSystem.from_uri(address)
    except (pa.ArrowException, OSError, ImportError) as error:
        # The address may contain a key: it is not repeated.
        kind = address.partition("://")[0]
        raise PleuraError(
            f"An address of {kind}:// cannot be opened ({type(error).__name__}): check it."
        ) from None
    return files, base.rstrip("/")


def _is_leftover(name: str) -> bool:
    return any(is_leftover(part) for part in name.split("/"))
