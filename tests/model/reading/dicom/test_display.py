"""Modality LUT, VOI LUT, inversion, in that order; malformed ones are ignored."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, Sequence
from pydicom import uid as uids

from model.errors import UnsupportedImage
from model.reading import read
from model.reading.dicom.display import display

from .files import chest, dataset, dicom, written
from .test_syntaxes import spread


def table(entries: NDArray[Any], *, first: int = 0, bits: int = 16, vr: str = "US") -> Sequence:
    """The sequence of a lookup table."""
    item = Dataset()
    item.add_new(0x00283002, vr, [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    return Sequence([item])


def shown(stored: NDArray[Any], **attributes: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    radiograph = read(dicom(stored, **attributes))
    return radiograph.pixels, radiograph.applied


def test_monochrome_1_is_inverted() -> None:
    pixels, applied = shown(chest(), bits=12, photometric="MONOCHROME1")
    np.testing.assert_array_equal(pixels, 65535 - spread(chest()))
    assert applied == ("inverted",)


def test_monochrome_2_is_not() -> None:
    pixels, applied = shown(chest(), bits=12)
    np.testing.assert_array_equal(pixels, spread(chest()))
    assert applied == ()


@pytest.mark.parametrize(("slope", "intercept"), [(2.5, -1000), (-1, 4095), (0.001, 0)])
def test_rescale(slope: float, intercept: float) -> None:
    pixels, applied = shown(chest(), bits=12, RescaleSlope=slope, RescaleIntercept=intercept)
    np.testing.assert_array_equal(pixels, spread(chest().astype(float) * slope + intercept))
    assert applied == ("rescale",)


def test_window_clips_what_lies_outside() -> None:
    stored = chest()
    pixels, applied = shown(stored, bits=12, WindowCenter=2000, WindowWidth=1001)
    # PS3.3 C.11.2.1.2.1: below c - 0.5 - (w - 1) / 2, above c - 0.5 + (w - 1) / 2.
    assert (pixels[stored <= 1499] == 0).all()
    assert (pixels[stored > 2500] == 65535).all()
    inside = (stored > 1499) & (stored <= 2499)
    np.testing.assert_allclose(pixels[inside], (stored[inside] - 1499.5) / 1000 * 65535, atol=1)
    assert applied == ("window",)


def test_window_is_in_units_of_the_rescaled_values() -> None:
    stored = chest()
    plain, _ = shown(stored, bits=12, WindowCenter=2000, WindowWidth=1001)
    scaled, applied = shown(
        stored, bits=12, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=976, WindowWidth=1001
    )
    np.testing.assert_array_equal(scaled, plain)
    assert applied == ("rescale", "window")


def test_inversion_comes_last() -> None:
    stored = chest()
    attributes = {
        "bits": 12,
        "RescaleSlope": 2,
        "RescaleIntercept": -3,
        "WindowCenter": 4000,
        "WindowWidth": 1500,
    }
    plain, _ = shown(stored, **attributes)
    inverted, applied = shown(stored, photometric="MONOCHROME1", **attributes)
    np.testing.assert_array_equal(inverted, 65535 - plain)
    assert applied == ("rescale", "window", "inverted")


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_functions_of_the_window(function: str) -> None:
    stored = chest()
    pixels, _ = shown(stored, bits=12, WindowCenter=2000, WindowWidth=1000, VOILUTFunction=function)
    if function == "SIGMOID":
        expected = 1 / (1 + np.exp(-4 * (stored - 2000.0) / 1000))
    else:
        expected = np.clip((stored - 2000.0) / 1000 + 0.5, 0, 1)
    np.testing.assert_array_equal(pixels, spread(expected))


def test_of_several_windows_the_first_is_taken() -> None:
    several, _ = shown(chest(), bits=12, WindowCenter=[2000, 5], WindowWidth=[1000, 7])
    one, _ = shown(chest(), bits=12, WindowCenter=2000, WindowWidth=1000)
    np.testing.assert_array_equal(several, one)


@pytest.mark.parametrize("syntax", [uids.ImplicitVRLittleEndian, uids.ExplicitVRLittleEndian])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_voi_lut_comes_before_a_window(syntax: uids.UID, bits: int) -> None:
    # Twelve bits in and eight out is what detectors write.
    entries = (np.sqrt(np.arange(4096) / 4095) * (2**bits - 1)).astype("<u2")
    pixels, applied = shown(
        chest(),
        bits=12,
        syntax=syntax,
        VOILUTSequence=table(entries, bits=bits),
        WindowCenter=1,
        WindowWidth=2,
    )
    np.testing.assert_array_equal(pixels, spread(entries[chest()]))
    assert applied == ("voi_lut",)


def test_table_of_bytes() -> None:
    entries = np.arange(256, dtype=np.uint8)[::-1]
    stored = chest(8).astype(np.uint8)
    pixels, _ = shown(stored, VOILUTSequence=table(entries, bits=8))
    np.testing.assert_array_equal(pixels, spread(255 - stored.astype(int)))


def test_table_in_big_endian() -> None:
    entries = (np.arange(4096) ** 2 // 256).astype(">u2")
    pixels, applied = shown(
        chest(),
        bits=12,
        syntax=uids.ExplicitVRBigEndian,
        VOILUTSequence=table(entries),
    )
    assert applied == ("voi_lut",)
    np.testing.assert_array_equal(pixels, spread(entries.astype(int)[chest()]))


def test_values_outside_a_table_take_its_ends() -> None:
    entries = np.arange(1000, dtype="<u2")
    stored = chest()
    pixels, _ = shown(stored, bits=12, VOILUTSequence=table(entries, first=1500))
    np.testing.assert_array_equal(pixels, spread(np.clip(stored.astype(int) - 1500, 0, 999)))


def test_table_that_begins_below_zero() -> None:
    stored = (chest(12).astype(int) - 2000).astype(np.int16)
    entries = (np.arange(4096) ** 2 // 256).astype("<u2")
    pixels, applied = shown(stored, bits=13, VOILUTSequence=table(entries, first=-2000, vr="SS"))
    np.testing.assert_array_equal(pixels, spread(entries.astype(int)[stored.astype(int) + 2000]))
    assert applied == ("voi_lut",)


def test_modality_lut_replaces_the_rescale() -> None:
    entries = (np.arange(4096) ** 2 // 256).astype("<u2")
    pixels, applied = shown(
        chest(),
        bits=12,
        ModalityLUTSequence=table(entries),
        RescaleSlope=-1,
        RescaleIntercept=0,
        WindowCenter=30000,
        WindowWidth=20000,
    )
    values = entries.astype(float)[chest()]
    np.testing.assert_allclose(pixels, spread(np.clip(values, 19999.5, 39999.5)), atol=2)
    assert applied == ("modality_lut", "window")


def test_padding_is_black_and_does_not_take_part() -> None:
    stored = chest(12) // 2 + 100
    framed = stored.copy()
    framed[:5] = framed[:, :5] = 4095
    pixels, _ = shown(framed, bits=12, PixelPaddingValue=4095)
    assert (pixels[:5] == 0).all()
    assert pixels[5:, 5:].max() == 65535
    np.testing.assert_array_equal(pixels[5:, 5:], spread(stored[5:, 5:]))


def test_padding_of_an_inverted_image_is_black_too() -> None:
    framed = chest(12) // 2 + 100
    framed[:5] = 0
    pixels, _ = shown(framed, bits=12, photometric="MONOCHROME1", PixelPaddingValue=0)
    assert (pixels[:5] == 0).all()
    np.testing.assert_array_equal(pixels[5:], 65535 - spread(framed[5:]))


@pytest.mark.parametrize("signed", [True, False])
def test_padding_in_the_other_value_representation(signed: bool) -> None:
    stored = chest(12).astype(np.int32) - 1000 * signed
    framed = stored.copy()
    framed[:5] = framed[:, :5] = -2000 if signed else 63536
    made = dataset(framed.astype(np.int16 if signed else np.uint16))
    made.add_new(0x00280120, "US" if signed else "SS", 63536 if signed else -2000)
    pixels = read(written(made)).pixels
    assert (pixels[:5] == 0).all()
    np.testing.assert_array_equal(pixels[5:, 5:], spread(stored[5:, 5:]))


def test_range_of_padding() -> None:
    framed = chest(12) // 2 + 100
    framed[:3], framed[3:5] = 4000, 4050
    pixels, _ = shown(framed, bits=12, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095)
    assert (pixels[:5] == 0).all()
    np.testing.assert_array_equal(pixels[5:], spread(framed[5:]))


def test_image_that_is_all_padding_is_shown() -> None:
    pixels, _ = shown(chest(), bits=12, PixelPaddingValue=0, PixelPaddingRangeLimit=4095)
    np.testing.assert_array_equal(pixels, spread(chest()))


@pytest.mark.parametrize(
    "attributes",
    [
        {"RescaleSlope": 0, "RescaleIntercept": 5},
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": 2000, "WindowWidth": -5},
        {"WindowCenter": 2000},
        {"WindowCenter": -9000, "WindowWidth": 10},
        {"WindowCenter": 2000, "WindowWidth": 1000, "VOILUTFunction": "NONSENSE"},
        {"VOILUTSequence": Sequence()},
        {"VOILUTSequence": Sequence([Dataset()])},
        {"VOILUTSequence": table(np.arange(10, dtype="<u2"), bits=16)[:0]},
        {"VOILUTSequence": table(np.zeros(4096, "<u2"))},
        {"ModalityLUTSequence": Sequence([Dataset()])},
        {"ModalityLUTSequence": table(np.zeros(4096, "<u2"))},
    ],
)
def test_what_is_malformed_is_left_off(attributes: dict[str, Any]) -> None:
    pixels, applied = shown(chest(), bits=12, **attributes)
    np.testing.assert_array_equal(pixels, spread(chest()))
    assert applied == ()


@pytest.mark.parametrize("value", [b"nan ", b"inf ", b"x   ", b"1\\2 ", b"1e99", b"    "])
@pytest.mark.parametrize("keyword", ["RescaleSlope", "WindowWidth", "WindowCenter"])
def test_numbers_that_are_none_are_left_off(keyword: str, value: bytes) -> None:
    attributes = {
        "RescaleSlope": 1,
        "RescaleIntercept": 0,
        "WindowCenter": 2000,
        "WindowWidth": 1000,
        keyword: "7777",
    }
    data = dicom(chest(), bits=12, **attributes)
    assert data.count(b"7777") == 1
    pixels = read(data.replace(b"7777", value)).pixels
    assert pixels.max() == 65535
    assert pixels.min() == 0


def test_table_with_fewer_entries_than_announced_is_left_off() -> None:
    short = table(np.arange(100, dtype="<u2"))
    short[0].LUTDescriptor = [4096, 0, 16]
    pixels, applied = shown(chest(), bits=12, VOILUTSequence=short)
    np.testing.assert_array_equal(pixels, spread(chest()))
    assert applied == ()


def test_flat_image_is_black() -> None:
    pixels, _ = shown(np.full((40, 40), 700, np.uint16), bits=12, WindowCenter=1, WindowWidth=2)
    assert (pixels == 0).all()


def test_eight_and_sixteen_stored_bits_are_one_picture() -> None:
    eight, _ = shown(chest(8).astype(np.uint8))
    sixteen, _ = shown(chest(8) * np.uint16(257))
    np.testing.assert_array_equal(eight, sixteen)


def test_thirty_two_bits_are_read_as_long_as_their_values_are_few() -> None:
    stored = chest(12).astype(np.uint32) + 1_000_000
    np.testing.assert_array_equal(shown(stored)[0], spread(stored))
    with pytest.raises(UnsupportedImage, match="16"):
        read(dicom(stored * 1000))


def test_dataset_is_not_changed() -> None:
    made = dataset(
        chest(), bits=12, photometric="MONOCHROME1", WindowCenter=2000, WindowWidth=900, RescaleSlope=2
    )
    headers = read(written(made)).dataset
    assert headers is not None
    assert headers.WindowCenter == 2000
    assert headers.BitsStored == 12
    assert headers.PhotometricInterpretation == "MONOCHROME1"


def test_pixels_that_are_not_contiguous() -> None:
    pixels, _ = display(chest()[:, ::2], "MONOCHROME2", Dataset())
    np.testing.assert_array_equal(pixels, spread(chest()[:, ::2]))


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.uint32])
@pytest.mark.parametrize("place", ["lowest", "about zero", "highest"])
def test_values_of_any_kind_keep_their_order(kind: type[np.integer[Any]], place: str) -> None:
    limits = np.iinfo(kind)
    spread = min(60_000, limits.max - limits.min)
    first = {
        "lowest": limits.min,
        "about zero": max(limits.min, -spread // 2),
        "highest": limits.max - spread,
    }[place]
    values = np.linspace(first, first + spread, 40 * 56).round().astype(np.int64).reshape(40, 56)
    pixels = read(dicom(values.astype(kind))).pixels.astype(np.int64)
    expected = (values - first) / spread * 65535
    np.testing.assert_allclose(pixels, expected, atol=1)
