"""A table or window is judged by its effect on the pixels of the image."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.reading import read

from .files import chest, dicom
from .test_display import shown, table
from .test_syntaxes import spread


def body(bits: int = 12) -> NDArray[np.uint16]:
    """Stored values distributed as a radiograph's are: a dark surround, lungs, a bright body."""
    random = np.random.default_rng(0)
    parts = [(0.15, 0.03, 0.02), (0.3, 0.35, 0.08), (0.45, 0.7, 0.1), (0.1, 0.95, 0.03)]
    values = np.concatenate(
        [random.normal(mean, deviation, int(6400 * share)) for share, mean, deviation in parts]
    )
    full = 2**bits - 1
    stored: NDArray[np.uint16] = np.clip(values * full, 0, full).round().reshape(80, 80).astype(np.uint16)
    return stored


IDENTITY_OF_256 = np.arange(256, dtype="<u2") * np.uint16(257)


@pytest.mark.parametrize("slope", [1, -1])
@pytest.mark.parametrize(
    "attributes",
    [
        {"WindowCenter": 127, "WindowWidth": 255},
        {"WindowCenter": 128, "WindowWidth": 256, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 128, "WindowWidth": 256, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 40, "WindowWidth": 400},
        {"WindowCenter": 4050, "WindowWidth": 20},
        {"WindowCenter": 30000, "WindowWidth": 60},
        {"WindowCenter": -9000, "WindowWidth": 17000},
        {"VOILUTSequence": table(IDENTITY_OF_256)},
        {"VOILUTSequence": table(IDENTITY_OF_256, first=60000)},
        {"ModalityLUTSequence": table(IDENTITY_OF_256)},
        {"ModalityLUTSequence": table(np.where(np.arange(4096) < 4000, 0, 1).astype("<u2"))},
    ],
    ids=str,
)
def test_window_or_table_that_hides_nearly_all_pixels_is_ignored(
    attributes: dict[str, Any], slope: int
) -> None:
    stored = body()
    attributes = attributes | ({} if slope == 1 else {"photometric": "MONOCHROME1"})
    pixels, applied = shown(stored, bits=12, **attributes)
    expected = spread(stored) if slope == 1 else 65535 - spread(stored)
    np.testing.assert_array_equal(pixels, expected)
    assert applied == (() if slope == 1 else ("inverted",))


@pytest.mark.parametrize(
    ("center", "width"),
    [(1500, 1500), (2048, 1024), (2800, 1000), (1000, 2000), (2048, 4096), (32768, 65536)],
)
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_that_leaves_the_lungs_or_the_body_is_kept(center: int, width: int, function: str) -> None:
    _, applied = shown(body(), bits=12, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    assert applied == ("window",)


def test_window_for_the_few_values_that_are_there_is_kept() -> None:
    # Eight bits in a file of twelve: the narrow window is right.
    _, applied = shown(body(8), bits=12, WindowCenter=127, WindowWidth=255)
    assert applied == ("window",)


def test_window_beside_a_large_black_surround_is_kept() -> None:
    stored = np.zeros((200, 200), np.uint16)
    stored[:80, :80] = body()
    pixels, applied = shown(stored, bits=12, WindowCenter=2000, WindowWidth=2500)
    assert applied == ("window",)
    assert (pixels[80:] == 0).all()


def test_window_replaces_a_table_that_hides_all_pixels() -> None:
    _, applied = shown(
        body(), bits=12, VOILUTSequence=table(IDENTITY_OF_256), WindowCenter=2048, WindowWidth=4096
    )
    assert applied == ("window",)


def test_slope_replaces_a_modality_table_that_hides_all_pixels() -> None:
    _, applied = shown(
        body(),
        bits=12,
        ModalityLUTSequence=table(IDENTITY_OF_256),
        RescaleSlope=2,
        RescaleIntercept=0,
        WindowCenter=4096,
        WindowWidth=8192,
    )
    assert applied == ("rescale", "window")


def test_padding_does_not_count_for_what_a_window_leaves() -> None:
    stored = np.full((200, 200), 4095, np.uint16)
    stored[:80, :80] = body() // 2
    _, applied = shown(stored, bits=12, PixelPaddingValue=4095, WindowCenter=1000, WindowWidth=2000)
    assert applied == ("window",)


@pytest.mark.parametrize("function", [b"linear", b"Linear", b"LINEAR"])
def test_spellings_of_the_function_of_a_window(function: bytes) -> None:
    data = dicom(body(), bits=12, WindowCenter=2048, WindowWidth=2048, VOILUTFunction="LINEAR")
    assert read(data.replace(b"LINEAR", function)).applied == ("window",)


def test_table_that_begins_below_zero_but_says_it_unsigned() -> None:
    stored = (chest(12).astype(int) - 1024).astype(np.int16)
    entries = (np.arange(4096) ** 2 // 256).astype("<u2")
    pixels, applied = shown(stored, VOILUTSequence=table(entries, first=2**16 - 1024))
    np.testing.assert_array_equal(pixels, spread(entries.astype(int)[stored.astype(int) + 1024]))
    assert applied == ("voi_lut",)
