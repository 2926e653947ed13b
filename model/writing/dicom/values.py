"""Validation of DICOM values against their value representation (VR) (PS3.5 6.2)."""

from __future__ import annotations

import math
import re
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.valuerep import DA, DT, TM, validate_value

_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Representations to which the character set applies."""
_LINES = frozenset({"LT", "ST", "UT"})
"""Multi-line representations, in which a backslash is a character."""
_STRINGS = _TEXT | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x09\x0b\x0e-\x1f\x7f-\x9f]")
"""Tabulators too: the standard has them since 2013, and dciodvfy calls them errors."""
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_ONE_TIME = re.compile(r"[\d.]+([+-]\d{4})? ?")
"""A single time; ranges are for queries only."""
_LEAP_SECOND = re.compile(r"\d{4}60")
"""At the end of a TM or DT. The standard allows leap seconds, but dciodvfy reports them as errors."""
_UID = re.compile(r"[0-2](\.\d+)+")
"""A UID with a valid root, which `validate_value` does not check."""
_NAME_COMPONENTS = 5
_WHOLE_NUMBERS = range(-(2**31), 2**31)


def valid_element(dataset: Dataset, keyword: str, *, character_set: Any = None) -> DataElement | None:
    """Return a valid element with its text as str; None if it is missing, empty or malformed.

    An element is malformed if it has another representation, a wrong number of values, a value that is
    too long or has the wrong form, or bytes that are not text in the character set. Sequences are not
    supported.

    Args:
        dataset: The dataset with the element, parsed or not.
        keyword: The keyword of the element.
        character_set: The Specific Character Set that applies.
    """
    tag = tag_for_keyword(keyword)
    assert tag is not None
    vr = dictionary_VR(tag)
    try:
        element = dataset[tag]
        if vr != element.VR or element.is_empty:
            return None
        values = list(element.value) if element.VM > 1 else [element.value]
        if not _is_multiplicity(len(values), dictionary_VM(tag)):
            return None
        if vr in _STRINGS:
            values = [str(value) for value in values]
            other_characters = vr in _TEXT and _is_declared(character_set)
            if not all(_is_string(value, vr, other_characters=other_characters) for value in values):
                return None
        else:
            for value in values:
                validate_value(vr, value, RAISE)
        return DataElement(tag, vr, values if len(values) > 1 else values[0])
    except Exception:
        # pydicom raises many types of exception for malformed bytes.
        return None


def _is_multiplicity(count: int, allowed: str) -> bool:
    least, _, most = allowed.partition("-")
    if not most:
        return count == int(least)
    return int(least) <= count and (not most.isdigit() or count <= int(most))


def _is_declared(character_set: Any) -> bool:
    """Return whether a character set is declared; without one, only ASCII is allowed."""
    return set(convert_encodings(character_set)) != {default_encoding}


def _is_string(value: str, vr: str, *, other_characters: bool) -> bool:
    validate_value(vr, value, RAISE)
    if (_CONTROL_IN_LINES if vr in _LINES else _CONTROL).search(value) or _UNREADABLE in value:
        return False
    if not value.isascii() and not other_characters:
        return False
    match vr:
        case "DA":
            DA(value)
        case "DT":
            DT(value)
            return _ONE_TIME.fullmatch(value) is not None and _LEAP_SECOND.match(value, 8) is None
        case "TM":
            TM(value)
            return _LEAP_SECOND.match(value) is None
        case "DS":
            return math.isfinite(float(value))
        case "IS":
            return int(value) in _WHOLE_NUMBERS
        case "UI":
            return _UID.fullmatch(value) is not None
        case "PN":
            return all(group.count("^") < _NAME_COMPONENTS for group in value.split("="))
    return value.strip() != ""
