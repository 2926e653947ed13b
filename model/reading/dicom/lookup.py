"""The modality and VOI transformations, by pydicom, of the values that can occur."""

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
"""Share of the information in an image that a table or window must leave: a narrow window for the lungs leaves a third and
more, one for 8-bit values leaves a tenth of 12 bits."""


def modality_values(values: Values, dataset: Dataset, *, pixels: Counts) -> tuple[Values, tuple[str, ...]]:
    """Stored values ``(n,)`` after the Modality LUT, or slope and intercept; and the word for what was applied.

    What is malformed, or would leave next to nothing of these pixels, counts as missing.

    Args:
        values: stored values.
        dataset: where the table and the numbers are.
        pixels: how many pixels of the image have each value.
    """
    # The table of a radiofluoroscopic image leads back to the beam's intensity (PS3.3 C.8.7.1.1.2) and
    # not to a display.
    fluoroscopic = text(dataset, "SOPClassUID") == XRayRadiofluoroscopicImageStorage
    table = None if fluoroscopic else _table(dataset, "ModalityLUTSequence", values)
    attempts = (("modality_lut", table), ("rescale", _rescale(dataset)))
    return _first_that_fits(apply_modality_lut, attempts, values, pixels)


def voi_values(values: Values, dataset: Dataset, *, pixels: Counts) -> tuple[Values, tuple[str, ...]]:
    """Values ``(n,)`` after the first VOI LUT, or the first window; and the word for what was applied.

    What is malformed, or would leave next to nothing of these pixels, counts as missing.

    Args:
        values: after the modality transformation.
        dataset: where the tables and the windows are.
        pixels: how many pixels of the image have each value.
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
    """Entropy in bits of a pixel, its values told apart by a 4,096th of their range.

    A window that lies beside the values, or a table that ends before them, makes one grey of nearly all:
        it has none.
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


def _table(dataset: Dataset, keyword: str, values: Values) -> Dataset | None:
    """Return a separate dataset with the first table of a sequence, its entries as 16 bits: those pydicom reads right."""
    try:
        item = dataset[keyword].value[0]
        entries, first, _ = (int(value) for value in item.LUTDescriptor)
        entries = entries % 2**16 or 2**16
        if first > values.max():
            # A negative number, written unsigned.
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
    # 32 bits hold any descriptor; the standard's own mixture of signed and unsigned depends on other
    # attributes.
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
    """Return the attribute's only, or first, number."""
    try:
        value = dataset[keyword].value
        return float(value[0] if isinstance(value, MultiValue) else value)
    except Exception:
        # Missing, empty, or not a number: pydicom raises several types.
        return None
