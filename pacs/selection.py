"""Which radiographs the watcher takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

EMPTY = "EMPTY"
"""In a filter: also images that have no such value."""

DEFAULTS = {
    "modality": "CR,DX",
    "body_part": "*CHEST*,*THORAX*,*TORAX*,*LUNG*,EMPTY",
    "view": "AP*,PA*,EMPTY",
    "laterality": "*",
    "description": "*",
    "ae": "*",
}
"""Frontal chest radiographs, and those that do not say: BodyPartExamined and ViewPosition are often missing or empty, and the quality of
the mask tells what is no frontal chest."""

Facts = Mapping[str, tuple[str, ...]]
"""What is known of an image: for each filter the values of which one must match. A filter that is missing is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A filter for each property: patterns in upper case, ``*`` and ``?`` as in PS3.4 C.2.2.2.4, `EMPTY` for no value.

    Attributes:
        modality: exact codes, which the PACS is asked for.
        body_part: BodyPartExamined, or the meaning of AnatomicRegionSequence.
        view: ViewPosition, or ViewCodeSequence.
        laterality: ImageLaterality or Laterality.
        description: SeriesDescription or StudyDescription.
        ae: application entities that the image came from.
    """

    modality: tuple[str, ...]
    body_part: tuple[str, ...]
    view: tuple[str, ...]
    laterality: tuple[str, ...]
    description: tuple[str, ...]
    ae: tuple[str, ...]

    @classmethod
    def of(cls, **given: str) -> Selection:
        """A selection from lists with commas; what is not given is of `DEFAULTS`.

        Raises:
            ValueError: a list is empty, or a modality is no single code. The message names the flag and says what to do.
        """
        parsed = {name: _patterns(name, listed) for name, listed in (DEFAULTS | given).items()}
        for code in parsed["modality"]:
            if not re.fullmatch(r"[A-Z0-9_ ]{1,16}", code) or code == EMPTY:
                raise ValueError("--modality takes codes without wildcards: name each one, as in CR,DX.")
        return cls(**parsed)

    def against(self, facts: Facts) -> str | None:
        """The name of the first filter that does not match what is known; None where all do."""
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
    # fnmatch would take a bracket for the beginning of a set.
    parts = (part.strip().upper().replace("[", "[[]") for part in given.split(","))
    patterns = tuple(filter(None, parts))
    if not patterns:
        raise ValueError(f"--{name.replace('_', '-')} is empty: name a value, or * for all.")
    return patterns
