"""Where an archive lies and where its tables go: a folder, or anything that pyarrow opens by its address, such as ``s3://``."""

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

from model.checkpoint import write_atomically
from model.errors import PleuraError, UnreadableImage
from model.reading.files import has_image_suffix, is_leftover

from ..listing import list_images
from ..loop import ArchiveError

IMAGES, ERRORS = "images", "errors"

RECORD = "pleura-run.json"

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://")

MAX_BYTES = 1 << 30
"""Of one image file; more is no radiograph."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder on this machine, on a disk that all machines see, or in an object store.

    Attributes:
        address: an absolute path, or ``scheme://…`` as `pyarrow.fs.FileSystem.from_uri` reads it.
    """

    address: str

    @classmethod
    def named(cls, given: str) -> Place:
        """A place as a person names it: a path may be relative to where the command was called."""
        return cls(given if _SCHEME.match(given) else str(Path(given).absolute()))

    def open(self) -> tuple[fs.FileSystem, str]:
        """The file system, and the path in it.

        Raises:
            PleuraError: the address is none, or cannot be reached.
        """
        return _opened(self.address)

    def images(self, *, out: Place) -> tuple[list[str], int]:
        """Paths below this place, with ``/``, of what may be an image: as `list_images` has them, in an object store by the suffix.

        Returns:
            The paths, and how many other files there are.

        Raises:
            PleuraError: it cannot be listed.
        """
        files, base = self.open()
        if isinstance(files, fs.LocalFileSystem):
            if not Path(base).is_dir():
                raise PleuraError(f"--input {base} is no folder: name one that holds radiographs.")
            results, folder = out.open()
            left_out = Path(folder if isinstance(results, fs.LocalFileSystem) else "/")
            listing = list_images([Path(base)], recursive=True, out=left_out)
            return listing.names, listing.passed_over
        try:
            found = files.get_file_info(fs.FileSelector(base, recursive=True))
        except OSError as error:
            raise PleuraError(f"--input cannot be listed ({error}): check address and credentials.") from None
        names = [info.path.removeprefix(base).lstrip("/") for info in found if info.is_file]
        names = [name for name in names if not _is_leftover(name) and not self._holds(out, name)]
        images = [name for name in names if has_image_suffix(name)]
        return images, len(names) - len(images)

    def _holds(self, out: Place, name: str) -> bool:
        (files, base), (its, folder) = self.open(), out.open()
        return files.equals(its) and f"{base}/{name}".startswith(f"{folder}/")

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            UnreadableImage: it cannot be opened, or is too large.
        """
        files, base = self.open()
        try:
            with files.open_input_file(f"{base}/{name}") as file:
                if file.size() > MAX_BYTES:
                    raise UnreadableImage("The file is larger than 1 GiB: it is no radiograph.")
                data: bytes = file.read()
                return data
        except OSError as error:
            raise UnreadableImage(
                f"The file cannot be opened ({error}): check its name and permissions."
            ) from None

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, whole or not at all.

        Raises:
            ArchiveError: it cannot be written.
        """
        files, base = self.open()
        try:
            if isinstance(files, fs.LocalFileSystem):
                write_atomically(Path(base, name), data)
            else:
                # What is not closed does not come to be.
                with files.open_output_stream(f"{base}/{name}") as stream:
                    stream.write(data)
        except OSError as error:
            raise ArchiveError(
                f"The results cannot be written ({error}): make room or check the rights, then run the same command again."
            ) from error

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        files, base = self.open()
        if files.get_file_info(f"{base}/{name}").is_file:
            files.delete_file(f"{base}/{name}")

    def write_table(self, name: str, table: pa.Table) -> None:
        """Writes ``table`` as one Parquet file; an empty one is not written, and one of that name removed.

        Raises:
            ArchiveError: it cannot be written.
        """
        if not table.num_rows:
            self.remove(name)
            return
        sink = pa.BufferOutputStream()
        parquet.write_table(table, sink, compression="zstd")
        self.write(name, sink.getvalue().to_pybytes())

    def paths_in(self, table: str) -> list[str]:
        """The column ``path`` of all files of a table; of each row, so that what is there twice is seen.

        Raises:
            ArchiveError: one of its files is damaged.
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
        """Removes a table.

        Raises:
            ArchiveError: it cannot be removed.
        """
        files, base = self.open()
        try:
            files.delete_dir_contents(f"{base}/{table}", missing_dir_ok=True)
        except OSError as error:
            raise ArchiveError(
                f"{table} in --output cannot be removed ({error}): check the rights."
            ) from None

    def check_record(self, wanted: dict[str, Any]) -> None:
        """Writes what the tables are made of and with, where nothing says so yet, else compares.

        Raises:
            PleuraError: the tables here are of something else.
        """
        files, base = self.open()
        try:
            if not files.get_file_info(f"{base}/{RECORD}").is_file:
                self.write(RECORD, json.dumps(wanted).encode() + b"\n")
            with files.open_input_file(f"{base}/{RECORD}") as file:
                found = json.loads(file.read())
        except OSError as error:
            raise PleuraError(
                f"--output cannot be read or written ({error}): check address and rights."
            ) from None
        except ValueError:
            found = {}
        other = [
            key for key, value in wanted.items() if not isinstance(found, dict) or found.get(key) != value
        ]
        if other:
            raise PleuraError(
                f"--output holds results of another {' and '.join(other)}: name another one, or remove what is there."
            )


def in_unicode(names: list[str]) -> tuple[list[str], list[str]]:
    """Those that a table can hold, and, spelt out, those that are not in Unicode."""
    spelt = [(name, os.fsencode(name).decode("utf-8", "backslashreplace")) for name in names]
    return (
        [name for name, readable in spelt if name == readable],
        [readable for name, readable in spelt if name != readable],
    )


@lru_cache(maxsize=8)
def _opened(address: str) -> tuple[fs.FileSystem, str]:
    if not _SCHEME.match(address):
        return fs.LocalFileSystem(), address
    try:
        files, base = fs.FileSystem.from_uri(address)
    except (pa.ArrowException, OSError, ImportError) as error:
        # The address may hold a key: it is not repeated.
        kind = address.partition("://")[0]
        raise PleuraError(
            f"An address of {kind}:// cannot be opened ({type(error).__name__}): check it."
        ) from None
    return files, base.rstrip("/")


def _is_leftover(name: str) -> bool:
    return any(is_leftover(part) for part in name.split("/"))
