"""Selection of image files in a folder by name and first bytes."""

from __future__ import annotations

from pathlib import Path

from .sniff import HEAD, sniff

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"}
"""Suffixes of the supported formats."""

_LEFTOVERS = {"dicomdir", "thumbs.db", "desktop.ini", "__macosx", "@eadir"}
"""The directory of a DICOM medium, and files that Windows, macOS and file servers create."""


def is_leftover(name: str) -> bool:
    """Return whether a file or folder is hidden (as AppleDouble's ``._x.png``) or created by a system."""
    return name.startswith(".") or name.lower() in _LEFTOVERS


def has_image_suffix(name: str) -> bool:
    """Return whether a name has an image suffix."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def may_be_image(file: Path) -> bool:
    """Return whether a file has an image suffix or signature and is no leftover; it need not be readable."""
    if is_leftover(file.name):
        return False
    if has_image_suffix(file.name):
        return True
    try:
        # Opening a pipe would block.
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return sniff(opened.read(HEAD)) is not None
    except OSError:
        # The reader will report the error.
        return True


def stem_of(file: Path) -> str:
    """Return the name without its image suffix; DICOM files are often named by a UID, which has dots."""
    return file.stem if has_image_suffix(file.name) else file.name


def images_in(folder: Path) -> list[Path]:
    """Return the possible images directly in a folder, sorted by name; none if it is not a folder."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for file in files if not file.is_dir() and may_be_image(file))


def others_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are neither supported images nor leftovers, sorted by name."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(
        file for file in files if not file.is_dir() and not is_leftover(file.name) and not may_be_image(file)
    )
