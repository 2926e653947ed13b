"""Which files are to be segmented, and what their results are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from model.errors import PleuraError
from model.reading.files import is_leftover, may_be_image

ELSEWHERE = "_elsewhere"
"""What the names of files begin with that were named themselves and do not lie below the base."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Files below one folder.

    Attributes:
        base: the folder.
        names: of each file, its path from there with ``/``. The results mirror them.
        elsewhere: files that lie outside the base, by their names: `ELSEWHERE`, then the whole path.
        passed_over: how many files in folders are no images by suffix and first bytes; hidden ones do not count.
    """

    base: Path
    names: list[str]
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` parts of a listing, ``index`` from 1. A file's name alone decides where it belongs."""

    index: int
    count: int

    def __contains__(self, name: str) -> bool:
        return crc32(os.fsencode(name)) % self.count == self.index - 1


def list_images(sources: Sequence[Path], *, recursive: bool, out: Path, base: Path | None = None) -> Listing:
    """List the images among ``sources``.

    Of a folder, files are taken that have an image's suffix or an image's first bytes; leftovers (`is_leftover`) are passed
    over, and so is ``out``. Files that are named themselves are always taken. If a folder is the only source, it is the base. Else the base is the
    given one; or the working directory, or the file system's root where a source lies outside it. So the same file always has the same
    name, and no two files share one.

    Args:
        sources: files and folders; they need not exist.
        recursive: go into the folders of folders.
        out: where results go.
        base: of the results that are there already.

    Raises:
        PleuraError: two files would have the same name.
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
                        f"{file} and {top}{os.sep}{name} would have the same result: name another --out for one of them."
                    )
                elsewhere[name] = Path(file)
            names.append(name)
    # Only sources that overlap name a file twice.
    unique = names if len(paths) == 1 else list(dict.fromkeys(names))
    return Listing(Path(top), unique, elsewhere, walk.passed_over)


def _lies_in(folder: str, path: str) -> bool:
    return os.path.commonpath([folder, path]) == folder


def _name(file: str, top: str) -> str | None:
    """A file's path from ``top`` with ``/``; None where it does not lie there, whatever links lead to it."""
    if _lies_in(top, file):
        return os.path.relpath(file, top).replace(os.sep, "/")
    real = str(Path(file).parent.resolve() / Path(file).name)
    return os.path.relpath(real, top).replace(os.sep, "/") if _lies_in(top, real) else None


class _Walk:
    """The files of folders that may be images, and a count of the others."""

    def __init__(self, left_out: str, *, recursive: bool) -> None:
        self._left_out = left_out
        self._recursive = recursive
        self.passed_over = 0

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
                    self.passed_over += 1
        # Given as if they were files: whoever reads them says what is wrong.
        yield from unreadable
