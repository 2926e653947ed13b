"""Which files are to be segmented, and what their results are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from ..reading.files import is_leftover, may_be_image


@dataclass(frozen=True, slots=True)
class Listing:
    """Files below one folder.

    Attributes:
        base: the folder.
        names: of each file, its path from there with ``/``. The results mirror them.
    """

    base: Path
    names: list[str]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` parts of a listing, ``index`` from 1. A file's name alone decides where it belongs."""

    index: int
    count: int

    def __contains__(self, name: str) -> bool:
        return crc32(os.fsencode(name)) % self.count == self.index - 1


def list_images(sources: Sequence[Path], *, recursive: bool, out: Path) -> Listing:
    """Lists the images among ``sources``.

    Of a folder, files are taken that have an image's suffix or an image's first bytes; leftovers (`is_leftover`) are passed
    over, and so is ``out``. Files that are named themselves are always taken. The base is the folder, if it is the only source, else the
    working directory, or the file system's root where a source lies outside it: so the same file always has the same name, and no two files
    share one.

    Args:
        sources: files and folders; they need not exist.
        recursive: go into the folders of folders.
        out: where results go.
    """
    paths = [os.path.normpath(source.absolute()) for source in sources]
    if len(paths) == 1 and Path(paths[0]).is_dir():
        base = paths[0]
    else:
        here = str(Path.cwd())
        inside = all(os.path.commonpath([here, path]) == here for path in paths)
        base = here if inside else Path(here).anchor
    left_out = os.path.normpath(out.absolute())
    found = (
        file
        for path in paths
        for file in (_walk(path, recursive=recursive, left_out=left_out) if Path(path).is_dir() else [path])
    )
    names = (os.path.relpath(file, base).replace(os.sep, "/") for file in found)
    return Listing(Path(base), list(dict.fromkeys(names)))


def _walk(top: str, *, recursive: bool, left_out: str) -> Iterator[str]:
    unreadable: list[str] = []
    for folder, folders, files in os.walk(top, onerror=lambda error: unreadable.append(error.filename)):
        folders[:] = sorted(
            name
            for name in folders
            if recursive and not is_leftover(name) and f"{folder}{os.sep}{name}" != left_out
        )
        for name in sorted(files):
            file = Path(folder, name)
            if may_be_image(file):
                yield str(file)
    # Given as if they were files: whoever reads them says what is wrong.
    yield from unreadable
