"""Values in the DICOM JSON model (PS3.18 F.2) from a PACS: any may be missing or of the wrong type."""

from typing import Any

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
MODALITY, COUNT = "00080060", "00201209"


def first(row: Any, tag: str) -> Any:
    """Return the first value of an attribute; None if it has none."""
    return next(iter(values(row, tag)), None)


def values(row: Any, tag: str) -> list[Any]:
    """Return all values of an attribute; the items of a sequence.

    Args:
        row: An object of the DICOM JSON model (PS3.18 F.2), or anything else a PACS answers.
        tag: Eight hexadecimal digits.
    """
    try:
        found = row[tag]["Value"]
    except (LookupError, TypeError):
        return []
    return found if isinstance(found, list) else []


def texts(row: Any, tag: str) -> list[str]:
    """Return the non-empty text values of an attribute, stripped."""
    return [value.strip() for value in values(row, tag) if isinstance(value, str) and value.strip()]


def count(row: Any) -> int | None:
    """Return the number of instances in a series; None if the PACS does not give it."""
    found = first(row, COUNT)
    if isinstance(found, int | float):
        return int(found)
    return int(found) if isinstance(found, str) and found.isdecimal() else None
