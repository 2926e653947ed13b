"""Values in the DICOM JSON model (PS3.18 F.2), as a PACS gives them: anything may be missing or of another type."""

from typing import Any

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
MODALITY, COUNT = "00080060", "00201209"


def first(row: Any, tag: str) -> Any:
    """The attribute's first value; None where there is none."""
    return next(iter(values(row, tag)), None)


def values(row: Any, tag: str) -> list[Any]:
    """All values of an attribute; of a sequence, its items."""
    try:
        found = row[tag]["Value"]
    except (LookupError, TypeError):
        return []
    return found if isinstance(found, list) else []


def texts(row: Any, tag: str) -> list[str]:
    """Those values of an attribute that are text and not empty, without spaces around them."""
    return [value.strip() for value in values(row, tag) if isinstance(value, str) and value.strip()]


def count(row: Any) -> int | None:
    """How many instances a series has; None where the PACS does not say."""
    found = first(row, COUNT)
    if isinstance(found, int | float):
        return int(found)
    return int(found) if isinstance(found, str) and found.isdecimal() else None
