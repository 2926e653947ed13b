"""The modality and VOI transformations, by pydicom, of the values that can occur."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian

from .dataset import text

Values = NDArray[np.float64]


def modality_values(stored: NDArray[np.int64], dataset: Dataset) -> tuple[Values, tuple[str, ...]]:
    """Stored values ``(n,)`` after the Modality LUT, or slope and intercept; and the word for what was applied.

    What is malformed, or would leave nothing (a slope of zero), counts as missing.
    """
    attempts = (("modality_lut", _table(dataset, "ModalityLUTSequence")), ("rescale", _rescale(dataset)))
    for word, attributes in attempts:
        if attributes is None:
            continue
        values = _apply(apply_modality_lut, _within(stored.astype(np.float64), attributes), attributes)
        if values is not None and np.ptp(values) > 0:
            return values, (word,)
    return stored.astype(np.float64), ()


def voi_values(
    values: Values, dataset: Dataset, *, found: NDArray[np.bool_]
) -> tuple[Values, tuple[str, ...]]:
    """Values ``(n,)`` after the first VOI LUT, or the first window; and the word for what was applied.

    What is malformed, or would make one grey of all values that were ``found``, counts as missing.
    """
    attempts = (("voi_lut", _table(dataset, "VOILUTSequence")), ("window", _window(dataset)))
    for word, attributes in attempts:
        if attributes is None:
            continue
        after = _apply(apply_voi_lut, _within(values, attributes), attributes)
        if after is not None and (np.ptp(after[found]) > 0 or np.ptp(values[found]) == 0):
            return after, (word,)
    return values, ()


def _apply(function: Any, values: NDArray[Any], attributes: Dataset) -> Values | None:
    try:
        with np.errstate(all="ignore"):
            after = np.asarray(function(values, attributes), np.float64)
    except Exception:
        # pydicom raises what it happens to raise for malformed attributes.
        return None
    return after if np.isfinite(after).all() else None


def _within(values: Values, attributes: Dataset) -> NDArray[Any]:
    """Whole values within a table's entries, for pydicom wraps what lies outside; where there is no table, all as they are."""
    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        if keyword in attributes:
            entries, first, _ = attributes[keyword].value[0].LUTDescriptor
            return np.clip(values.round(), first, first + entries - 1).astype(np.int64)
    return values


def _table(dataset: Dataset, keyword: str) -> Dataset | None:
    """A dataset of its own with the first table of a sequence, its entries as 16 bits: those pydicom reads right."""
    try:
        item = dataset[keyword].value[0]
        entries, first, _ = (int(value) for value in item.LUTDescriptor)
        entries = entries % 2**16 or 2**16
        data = item["LUTData"].value
        if isinstance(data, bytes):
            little = dataset.original_encoding[1] is not False
            wide = "<u2" if little else ">u2"
            data = np.frombuffer(data, wide if len(data) >= 2 * entries else np.uint8, count=entries)
        data = np.asarray(data)[:entries].astype("<u2")
    except Exception:
        # Missing, empty, or not a table: pydicom raises several types.
        return None
    if data.shape != (entries,):
        return None
    table = Dataset()
    # 32 bits hold any descriptor; the standard's own mixture of signed and unsigned depends on other attributes.
    table.add(DataElement("LUTDescriptor", "SL", [entries, first, 16]))
    table.add(DataElement("LUTData", "OW", data.tobytes()))
    attributes = _attributes()
    attributes.add(DataElement(keyword, "SQ", Sequence([table])))
    return attributes


def _rescale(dataset: Dataset) -> Dataset | None:
    slope, intercept = _number(dataset, "RescaleSlope"), _number(dataset, "RescaleIntercept")
    if slope is None and intercept is None:
        return None
    return _attributes(
        RescaleSlope=1.0 if slope is None else slope, RescaleIntercept=0.0 if intercept is None else intercept
    )


def _window(dataset: Dataset) -> Dataset | None:
    center, width = _number(dataset, "WindowCenter"), _number(dataset, "WindowWidth")
    if center is None or width is None:
        return None
    attributes = _attributes(WindowCenter=center, WindowWidth=width)
    attributes.VOILUTFunction = text(dataset, "VOILUTFunction") or "LINEAR"
    # The window's output goes over the range of these; it is spread over 16 bits later anyhow.
    attributes.BitsStored, attributes.PixelRepresentation = 16, 0
    attributes.PhotometricInterpretation = "MONOCHROME2"
    return attributes


def _attributes(**numbers: float) -> Dataset:
    attributes = Dataset()
    attributes.file_meta = FileMetaDataset()
    attributes.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in numbers.items():
        # Doubles: a decimal string would be cut to 16 characters.
        attributes.add(DataElement(keyword, "FD", value))
    return attributes


def _number(dataset: Dataset, keyword: str) -> float | None:
    """The attribute's only, or first, number."""
    try:
        value = dataset[keyword].value
        return float(value[0] if isinstance(value, MultiValue) else value)
    except Exception:
        # Missing, empty, or not a number: pydicom raises several types.
        return None
