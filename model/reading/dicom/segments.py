"""Selection of the lung segments of a DICOM SEG by codes and names (PS3.3 C.8.20.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset

from ...errors import UnsuitableMask
from ...ground_truth import Note
from .dataset import integer, text
from .lung_names import is_generic_code, is_lung_code, is_lung_name, says_nothing

_BACKGROUND = "125040"
_SHOWN = 8
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: number, name, and whether it is lung; None if neither code nor name says what it is."""

    number: int
    name: str
    lung: bool | None


def lung_segments(dataset: Dataset) -> tuple[frozenset[int], tuple[Note, ...]]:
    """Return the numbers of the segments that are lung, with notes on assumptions.

    Raises:
        UnsuitableMask: No segment is lung; the message names the segments.
    """
    segments = described_segments(dataset)
    lungs = [segment for segment in segments if segment.lung]
    if lungs:
        others = [segment for segment in segments if not segment.lung]
        note = Note("segments_left_out", f"Only lung counts; left out: {_names(others)}.")
        return frozenset(segment.number for segment in lungs), (note,) if others else ()
    if any(segment.lung is False for segment in segments):
        raise UnsuitableMask(
            f"No segment of the DICOM SEG is lung by its code or name; there are {_names(segments)}. Send "
            "one with lungs, or name the lungs' numbers in lung_values."
        )
    note = Note(
        "unnamed_segments",
        "Neither codes nor names say what the segments are; all of them count as lung. If some are not, "
        "name the lungs' numbers in lung_values.",
    )
    return frozenset(segment.number for segment in segments), (note,)


def described_segments(dataset: Dataset) -> list[Segment]:
    """Return the segments in the order of the file, without the background of a label map."""
    segments = []
    for place, item in enumerate(dataset.get("SegmentSequence") or (), start=1):
        code = _first(item, "SegmentedPropertyTypeCodeSequence")
        if text(code, "CodeValue") == _BACKGROUND:
            continue
        label = text(item, "SegmentLabel")
        name = label or text(code, "CodeMeaning") or text(item, "SegmentDescription")
        segments.append(
            Segment(integer(item, "SegmentNumber", default=place), name, _is_lung(item, code, label))
        )
    return segments


def _is_lung(item: Dataset, code: Dataset, label: str) -> bool | None:
    value, meaning = text(code, "CodeValue"), text(code, "CodeMeaning")
    region = _first(item, "AnatomicRegionSequence")
    generic = not value or is_generic_code(value)
    if _says_lung(code) or (generic and _says_lung(region)) or is_lung_name(label):
        return True
    if not generic or text(region, "CodeValue"):
        return False
    return None if says_nothing(label) and (is_generic_code(value) or says_nothing(meaning)) else False


def _says_lung(code: Dataset) -> bool:
    value = text(code, "CodeValue") or text(code, "LongCodeValue")
    return is_lung_code(value, text(code, "CodingSchemeDesignator")) or is_lung_name(
        text(code, "CodeMeaning")
    )


def _first(item: Dataset, keyword: str) -> Dataset:
    sequence = item.get(keyword)
    return sequence[0] if sequence else Dataset()


def _names(segments: Sequence[Segment]) -> str:
    """Format numbers and names, the only attributes that errors repeat, because the user must choose."""
    shown = [f"{one.number} ({_printable(one.name) or 'unnamed'})" for one in segments[:_SHOWN]]
    more = f" and {len(segments) - _SHOWN} others" if len(segments) > _SHOWN else ""
    return ", ".join(shown) + more


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:_LONGEST].strip()
