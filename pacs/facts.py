"""The attributes by which the watcher selects an image: from a search, then from the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom import Dataset

from model.reading.dicom.dataset import text

from . import attributes
from .attributes import texts

SERIES_FIELDS = ("00180015", "00081030")
"""Body part and study description, which a search for series need not return."""

INSTANCE_FIELDS = ("00180015", "00185101", "00200060", "00200062")
"""Body part, view position, laterality and image laterality."""

_BODY_PART, _VIEW = "00180015", "00185101"
_LATERALITIES = ("00200062", "00200060")
_DESCRIPTIONS = ("0008103E", "00081030")

# PS3.16 CID 4010, in SNOMED CT and in the older SRT codes.
_VIEWS = {"399348003": "AP", "R-10206": "AP", "272479007": "PA", "R-10214": "PA"}


def known_of_series(row: Any) -> dict[str, tuple[str, ...]]:
    """Attributes from a search for series.

    An attribute that is empty or missing here may be present in the file. Attributes that differ
    between instances are left out.
    """
    found = {"modality": texts(row, attributes.MODALITY), "body_part": texts(row, _BODY_PART)}
    if isinstance(row, dict) and all(tag in row for tag in _DESCRIPTIONS):
        found["description"] = [value for tag in _DESCRIPTIONS for value in texts(row, tag)]
    return _not_empty(found)


def known_of_instance(row: Any) -> dict[str, tuple[str, ...]]:
    """Attributes from a search for instances; empty ones are left out."""
    lateralities = [value for tag in _LATERALITIES for value in texts(row, tag)]
    return _not_empty(
        {"body_part": texts(row, _BODY_PART), "view": texts(row, _VIEW), "laterality": lateralities}
    )


def known_from_file(dataset: Dataset, *, ae: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Attributes from a file. All but the modality are then known: a missing one has no values.

    Args:
        dataset: The dataset, with its file meta information if it has any.
        ae: Titles of application entities that the PACS gives for it.
    """
    meta = getattr(dataset, "file_meta", Dataset())
    found = {
        "body_part": [text(dataset, "BodyPartExamined") or _coded(dataset, "AnatomicRegionSequence")],
        "view": [text(dataset, "ViewPosition") or _coded(dataset, "ViewCodeSequence", names=_VIEWS)],
        "laterality": [text(dataset, "ImageLaterality") or text(dataset, "Laterality")],
        "description": [text(dataset, "SeriesDescription"), text(dataset, "StudyDescription")],
        "ae": [
            *ae,
            text(meta, "SourceApplicationEntityTitle"),
            text(meta, "SendingApplicationEntityTitle"),
        ],
    }
    if modality := text(dataset, "Modality"):
        found["modality"] = [modality]
    return {name: tuple(filter(None, values)) for name, values in found.items()}


def _coded(dataset: Dataset, keyword: str, *, names: Mapping[str, str] = {}) -> str:
    """Return the short name of a code, otherwise its meaning."""
    sequence = dataset.get(keyword)
    item = sequence[0] if sequence else Dataset()
    return names.get(text(item, "CodeValue"), text(item, "CodeMeaning"))


def _not_empty(found: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in found.items() if values}
