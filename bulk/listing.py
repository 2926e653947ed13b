"""The files to segment, and the names of their results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from model.errors import PleuraError
from model.reading.files import is_leftover, may_be_image

ELSEWHERE = "_elsewhere"
"""Prefix of the names of files that were given individually and are not below the base folder."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The images below one folder.

    Attributes:
        base: The folder.
        names: Path of each file relative to the base, with ``/``. Results mirror these names.
        elsewhere: Files outside the base, by name: `ELSEWHERE`, then the whole path.
        ignored: Number of files in folders that are not images by suffix or first bytes, hidden files
            excluded.
    """

    base: Path
    names: list[str]
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` parts of a listing, ``index`` from 1. The name of a file determines its shard."""

    index: int
    count: int

    def __contains__(self, name: str) -> bool:
        return crc32(os.fsencode(name)) % self.count == self.index - 1


def list_images(sources: Sequence[Path], *, recursive: bool, out: Path, base: Path | None = None) -> Listing:
    """List the images among ``sources``.

    In a folder, files with an image suffix or the first bytes of an image are listed; leftovers
    (`is_leftover`) and ``out`` are skipped. Files given individually are always listed.

    If a folder is the only source, it is the base. Otherwise the base is the given one, or else the
    working directory, or the root of the file system if a source is outside the working directory. So a
    file always has the same name, and no two files share a name.

    Args:
        sources: Files and folders; they need not exist.
        recursive: Include subfolders.
        out: Folder for the results.
        base: Base of the results that exist already.

    Raises:
        PleuraError: Two files would have the same name.
    """
    paths = [os.path.normpath(source.absolute()) for source in sources]
    if len(paths) == 1 and Path(paths[0]).is_dir():
        top = paths[0]
    elif base is not None:
        top = str(base)
    else:
        here = str(Path.cwd())
        top = here if all(_lies_in(here, path) for path in paths) else Path(here).anchor
    walk = _Walk(os.path.normpath(out.absolute()), recursive=recursive)
    names: list[str] = []
    elsewhere: dict[str, Path] = {}
    for path in paths:
        for file in walk(path) if Path(path).is_dir() else [path]:
            name = _name(file, top)
            if name is None:
                name = f"{ELSEWHERE}{file}".replace(os.sep, "/")
                if os.path.lexists(f"{top}{os.sep}{name}"):
                    raise PleuraError(
                        f"{file} and {top}{os.sep}{name} would have the same result: "
                        "use another --out for one of them."
                    )
                elsewhere[name] = Path(file)
            names.append(name)
    # Overlapping sources list a file twice.
    unique = names if len(paths) == 1 else list(dict.fromkeys(names))
    return Listing(Path(top), unique, elsewhere, walk.ignored)


def _lies_in(folder: str, path: str) -> bool:
    return os.path.commonpath([folder, path]) == folder


def _name(file: str, top: str) -> str | None:
    """Return the path of a file relative to ``top``, with ``/``; None if it is outside, links resolved."""
    if _lies_in(top, file):
        return os.path.relpath(file, top).replace(os.sep, "/")
    real = str(Path(file).parent.resolve() / Path(file).name)
    return os.path.relpath(real, top).replace(os.sep, "/") if _lies_in(top, real) else None


class _Walk:
    """A walk over the files that may be images, with a count of the others."""

    def __init__(self, left_out: str, *, recursive: bool) -> None:
        self._left_out = left_out
        self._recursive = recursive
        self.ignored = 0

    def __call__(self, top: str) -> Iterator[str]:
        unreadable: list[str] = []
        for folder, folders, files in os.walk(top, onerror=lambda error: unreadable.append(error.filename)):
            folders[:] = sorted(
                name
                for name in folders
                if self._recursive and not is_leftover(name) and f"{folder}{os.sep}{name}" != self._left_out
            )
            for name in sorted(files):
                if is_leftover(name):
                    continue
                file = Path(folder, name)
                if may_be_image(file):
                    yield str(file)
                else:
                    self.ignored += 1
        # Unreadable folders are yielded like files: the reader then reports the error.
        yield from unreadable
