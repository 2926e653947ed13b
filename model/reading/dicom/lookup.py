"""The modality and VOI transformations of the values that occur, applied with pydicom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian, XRayRadiofluoroscopicImageStorage

from .dataset import is_empty, one_of, text

Values = NDArray[np.float64]
Counts = NDArray[np.float32]
Attempts = Iterable[tuple[str, Dataset | None]]

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_GREYS = 4096
_LEAST_KEPT = 0.3
"""The least share of an image's information that a table or window must keep.

A narrow window for the lungs keeps a third or more; a window for 8-bit values keeps a tenth of 12 bits."""


def modality_values(values: Values, dataset: Dataset, *, pixels: Counts) -> tuple[Values, tuple[str, ...]]:
    """Apply the Modality LUT, or slope and intercept; return the values ``(n,)`` and what was applied.

    A transformation that is malformed or would remove almost all information is ignored.

    Args:
        values: The stored values.
        dataset: The attributes with the table and the numbers.
        pixels: The number of pixels of each value.
    """
    # The table of a radiofluoroscopic image maps to the beam's intensity (PS3.3 C.8.7.1.1.2) and not to
    # display values.
    fluoroscopic = text(dataset, "SOPClassUID") == XRayRadiofluoroscopicImageStorage
    table = None if fluoroscopic else _table(dataset, "ModalityLUTSequence", values)
    attempts = (("modality_lut", table), ("rescale", _rescale(dataset)))
    return _first_that_fits(apply_modality_lut, attempts, values, pixels)


def voi_values(values: Values, dataset: Dataset, *, pixels: Counts) -> tuple[Values, tuple[str, ...]]:
    """Apply the first VOI LUT, or the first window; return the values ``(n,)`` and what was applied.

    A transformation that is malformed or would remove almost all information is ignored.

    Args:
        values: The values after the modality transformation.
        dataset: The attributes with the tables and windows.
        pixels: The number of pixels of each value.
    """
    attempts = (("voi_lut", _table(dataset, "VOILUTSequence", values)), ("window", _window(dataset)))
    return _first_that_fits(apply_voi_lut, attempts, values, pixels)


def _first_that_fits(
    function: Any, attempts: Attempts, values: Values, pixels: Counts
) -> tuple[Values, tuple[str, ...]]:
    for word, attributes in attempts:
        if attributes is None:
            continue
        after = _apply(function, _within(values, attributes), attributes)
        if after is not None and _information(after, pixels) >= _LEAST_KEPT * _information(values, pixels):
            return after, (word,)
    return values, ()


def _information(values: Values, pixels: Counts) -> float:
    """Return the entropy of a pixel in bits, with values quantised to a 4,096th of their range.

    It is near zero after a window beside the values, or a table that ends before them.
    """
    found = pixels > 0
    low, high = float(values[found].min()), float(values[found].max())
    if high == low:
        return 0.0
    greys = ((values[found] - low) / (high - low) * (_GREYS - 1)).round().astype(np.int64)
    shares = np.bincount(greys, weights=pixels[found]) / pixels[found].sum()
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _apply(function: Any, values: NDArray[Any], attributes: Dataset) -> Values | None:
    try:
        with np.errstate(all="ignore"):
            after = np.asarray(function(values, attributes), np.float64)
    except Exception:
        # pydicom raises many types of exception for malformed attributes.
        return None
    return after if np.isfinite(after).all() else None


def _within(values: Values, attributes: Dataset) -> NDArray[Any]:
    """Clip values to a table's entries (pydicom wraps around); without a table return them unchanged."""
    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        if keyword in attributes:
            entries, first, _ = attributes[keyword].value[0].LUTDescriptor
            return np.clip(values.round(), first, first + entries - 1).astype(np.int64)
    return values


def _table(dataset: Dataset, keyword: str, values: Values) -> Dataset | None:
    """Return a dataset with the first table of a sequence, its entries as 16 bits for pydicom."""
    try:
        item = dataset[keyword].value[0]
        entries, first, _ = (int(value) for value in item.LUTDescriptor)
        # 0 stands for 65536 (PS3.3 C.11.1.1, C.11.2.1.1).
        entries = entries % 2**16 or 2**16
        if first > values.max():
            # A negative number that was written unsigned.
            first -= 2**16
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
    # 32 bits hold any descriptor; in the standard its sign depends on other attributes.
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
    function = one_of(dataset, "VOILUTFunction", _FUNCTIONS)
    if not function and not is_empty(dataset, "VOILUTFunction"):
        return None
    attributes.VOILUTFunction = function or "LINEAR"
    # The window's output has this range; it is scaled to 16 bits later.
    attributes.BitsStored, attributes.PixelRepresentation = 16, 0
    attributes.PhotometricInterpretation = "MONOCHROME2"
    return attributes


def _attributes(**numbers: float) -> Dataset:
    attributes = Dataset()
    attributes.file_meta = FileMetaDataset()
    attributes.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in numbers.items():
        # Doubles, because a decimal string has at most 16 characters.
        attributes.add(DataElement(keyword, "FD", value))
    return attributes


def _number(dataset: Dataset, keyword: str) -> float | None:
    """Return the attribute's first number."""
    try:
        value = dataset[keyword].value
        return float(value[0] if isinstance(value, MultiValue) else value)
    except Exception:
        # Missing, empty, or not a number: pydicom raises several types.
        return None
