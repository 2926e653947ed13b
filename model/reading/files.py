"""Files that may be images, by their names and first bytes, and what is passed over beside them in a folder."""

from __future__ import annotations

from pathlib import Path

from .sniff import HEAD, sniff

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"}
"""Endings of the formats that are read."""

_LEFTOVERS = {"dicomdir", "thumbs.db", "desktop.ini", "__macosx", "@eadir"}
"""A medium's table of contents, which is DICOM but no image; what Windows, macOS and file servers leave in folders."""


def is_leftover(name: str) -> bool:
    """Whether the name of a file or folder is hidden, as ``._x.png`` of AppleDouble is, or one that systems leave in folders."""
    return name.startswith(".") or name.lower() in _LEFTOVERS


def has_image_suffix(name: str) -> bool:
    """Whether a name ends as an image's."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def may_be_image(file: Path) -> bool:
    """Whether a file has an image's ending or an image's first bytes, and is no leftover; it need not be readable."""
    if is_leftover(file.name):
        return False
    if has_image_suffix(file.name):
        return True
    try:
        # A pipe would be waited for.
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return sniff(opened.read(HEAD)) is not None
    except OSError:
        # Whoever reads it says what is wrong.
        return True


def stem_of(file: Path) -> str:
    """Return the name without its ending, where that is an image's: DICOM files are often called by a UID alone."""
    return file.stem if has_image_suffix(file.name) else file.name


def images_in(folder: Path) -> list[Path]:
    """Return the files of a folder, not of those in it, that may be images, by name; none where it is no folder."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for file in files if not file.is_dir() and may_be_image(file))


def others_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are neither images of a type that is read nor leftovers, by name."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(
        file for file in files if not file.is_dir() and not is_leftover(file.name) and not may_be_image(file)
    )
