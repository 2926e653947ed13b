"""Filters that select the radiographs to segment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

EMPTY = "EMPTY"
"""In a filter: also matches images without a value."""

DEFAULTS = {
    "modality": "CR,DX",
    "body_part": "*CHEST*,*THORAX*,*TORAX*,*LUNG*,EMPTY",
    "view": "AP*,PA*,EMPTY",
    "laterality": "*",
    "description": "*",
    "ae": "*",
}
"""Frontal chest radiographs, and those that do not give the attributes.

BodyPartExamined and ViewPosition are often missing or empty; the quality check of the mask rejects
other images."""

Facts = Mapping[str, tuple[str, ...]]
"""Attributes of an image: for each filter its values, one of which must match. A missing key is not
known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A filter per attribute: upper-case patterns, ``*`` and ``?`` as in PS3.4 C.2.2.2.4, `EMPTY` for none.

    Attributes:
        modality: Exact codes, which go into the search.
        body_part: BodyPartExamined, or the meaning of AnatomicRegionSequence.
        view: ViewPosition, or ViewCodeSequence.
        laterality: ImageLaterality or Laterality.
        description: SeriesDescription or StudyDescription.
        ae: Titles of the sending application entities.
    """

    modality: tuple[str, ...]
    body_part: tuple[str, ...]
    view: tuple[str, ...]
    laterality: tuple[str, ...]
    description: tuple[str, ...]
    ae: tuple[str, ...]

    @classmethod
    def of(cls, **given: str) -> Selection:
        """Parse a selection from comma-separated lists; filters not given take `DEFAULTS`.

        Raises:
            ValueError: A list is empty, or a modality is not a single code. The message names the
                option and says what to do.
        """
        parsed = {name: _patterns(name, listed) for name, listed in (DEFAULTS | given).items()}
        for code in parsed["modality"]:
            if not re.fullmatch(r"[A-Z0-9_ ]{1,16}", code) or code == EMPTY:
                raise ValueError("--modality takes codes without wildcards: list each one, as in CR,DX.")
        return cls(**parsed)

    def against(self, facts: Facts) -> str | None:
        """Return the name of the first filter that does not match; None if all match."""
        for field in fields(self):
            found = facts.get(field.name)
            if found is not None and not _matches(getattr(self, field.name), found):
                return field.name
        return None


def _matches(patterns: tuple[str, ...], found: tuple[str, ...]) -> bool:
    if not found:
        return EMPTY in patterns or "*" in patterns
    return any(fnmatchcase(value.upper(), pattern) for value in found for pattern in patterns)


def _patterns(name: str, given: str) -> tuple[str, ...]:
    # fnmatch treats a bracket as the start of a character set.
    parts = (part.strip().upper().replace("[", "[[]") for part in given.split(","))
    patterns = tuple(filter(None, parts))
    if not patterns:
        raise ValueError(f"--{name.replace('_', '-')} is empty: give a value, or * for all.")
    return patterns
