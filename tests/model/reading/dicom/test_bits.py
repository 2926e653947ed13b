"""Bits stored, high bit and sign mean the same whatever codec the cells went through (PS3.5 8.1.1)."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid as uids
from pydicom.encaps import get_frame

from model.errors import UnreadableImage
from model.reading import read, read_mask

from .codestreams import SYNTAXES, flat_jpeg, frame
from .files import chest, compressed, dataset, dicom, written
from .test_syntaxes import spread

KINDS = ("native", *SYNTAXES)


def shown(cells: NDArray[Any], kind: str, **attributes: Any) -> NDArray[Any]:
    """What is read of cells of 16 bits, all of which are encoded, behind these attributes."""
    if kind != "native":
        attributes |= {"syntax": SYNTAXES[kind], "frame": frame(cells, kind)}
    return read(dicom(cells, **attributes)).pixels


def twos_complement(values: NDArray[np.int64], bits: int) -> NDArray[np.uint16]:
    return (values & ((1 << bits) - 1)).astype(np.uint16)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bits", "above"), [(12, 0x8000), (12, 0xF000), (15, 0x8000), (10, 0x0400)])
def test_bits_above_the_stored_ones_are_no_pixels(kind: str, bits: int, above: int) -> None:
    stored = chest(bits)
    cells = stored.copy()
    cells[5:20, 10:40] |= np.uint16(above)
    np.testing.assert_array_equal(shown(cells, kind, bits=bits), spread(stored))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [10, 12, 15, 16])
@pytest.mark.parametrize("extended", [True, False])
def test_sign_is_the_highest_stored_bit(kind: str, bits: int, extended: bool) -> None:
    values = chest(bits).astype(np.int64) - (1 << (bits - 1))
    cells = twos_complement(values, 16 if extended else bits)
    np.testing.assert_array_equal(shown(cells, kind, bits=bits, PixelRepresentation=1), spread(values))


@pytest.mark.parametrize("kind", ["jpeg_lossless", "jpeg_ls", "jpeg_2000"])
def test_sign_of_a_codestream_of_as_many_bits_as_are_stored(kind: str) -> None:
    values = chest(12).astype(np.int64) - 2048
    cells = twos_complement(values, 12)
    data = dicom(
        cells,
        bits=12,
        syntax=SYNTAXES[kind],
        frame=frame(cells, kind, bits=12),
        PixelRepresentation=1,
    )
    np.testing.assert_array_equal(read(data).pixels, spread(values))


@pytest.mark.parametrize("kind", KINDS)
def test_overlay_bits_above_signed_values_are_ignored(kind: str) -> None:
    values = chest(12).astype(np.int64) - 2048
    cells = twos_complement(values, 12)
    cells[5:20, 10:40] |= np.uint16(0x8000)
    np.testing.assert_array_equal(shown(cells, kind, bits=12, PixelRepresentation=1), spread(values))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bits", "high"), [(12, 15), (10, 15), (12, 13)])
def test_values_in_the_higher_bits_are_shifted(kind: str, bits: int, high: int) -> None:
    stored = chest(bits)
    shift = high + 1 - bits
    cells = stored << np.uint16(shift)
    np.testing.assert_array_equal(shown(cells, kind, bits=bits, HighBit=high), spread(stored))
    # An overlay below them, as they used to lie there (PS3.5 annex D).
    cells[5:20, 10:40] |= np.uint16(1)
    np.testing.assert_array_equal(shown(cells, kind, bits=bits, HighBit=high), spread(stored))


@pytest.mark.parametrize("kind", KINDS)
def test_signed_values_in_the_higher_bits_are_shifted(kind: str) -> None:
    values = chest(12).astype(np.int64) - 2048
    cells = twos_complement(values << 4, 16)
    np.testing.assert_array_equal(
        shown(cells, kind, bits=12, HighBit=15, PixelRepresentation=1), spread(values)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("extended", [True, False])
def test_values_in_the_lower_bits_are_read_there(kind: str, signed: int, extended: bool) -> None:
    values = chest(12).astype(np.int64) - 2048 * signed
    cells = twos_complement(values, 16 if extended else 12)
    np.testing.assert_array_equal(
        shown(cells, kind, bits=12, HighBit=15, PixelRepresentation=signed), spread(values)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("extended", [True, False])
def test_high_bit_below_the_stored_bits_is_read(kind: str, signed: int, extended: bool) -> None:
    values = chest(12).astype(np.int64) - 2048 * signed
    cells = twos_complement(values, 16 if extended else 12)
    np.testing.assert_array_equal(shown(cells, kind, HighBit=11, PixelRepresentation=signed), spread(values))


@pytest.mark.parametrize("kind", KINDS)
def test_high_bit_below_the_values_counts_as_missing(kind: str) -> None:
    stored = chest(16)
    np.testing.assert_array_equal(shown(stored, kind, HighBit=11), spread(stored))


@pytest.mark.parametrize("kind", KINDS)
def test_impossible_high_bit_counts_as_missing(kind: str) -> None:
    cells = chest(12) | np.uint16(0x8000)
    np.testing.assert_array_equal(shown(cells, kind, bits=12, HighBit=16), spread(chest(12)))


@pytest.mark.parametrize("kind", KINDS)
def test_bits_that_are_missing_follow_from_the_others(kind: str) -> None:
    stored = chest(12)
    overlaid = stored | np.uint16(0x8000)
    for attributes in ({"BitsStored": None}, {"HighBit": None}):
        pixels = shown(overlaid, kind, **{"bits": 12, **attributes})
        np.testing.assert_array_equal(pixels, spread(stored))
    pixels = shown(stored, kind, BitsStored=None, HighBit=None)
    np.testing.assert_array_equal(pixels, spread(stored))


@pytest.mark.parametrize(("stored", "allocated"), [(17, 16), (0, 16), (12, 8)])
def test_impossible_stored_bits_are_named(stored: int, allocated: int) -> None:
    pixels = chest(8).astype(np.uint8 if allocated == 8 else np.uint16)
    with pytest.raises(UnreadableImage, match="BitsStored"):
        read(dicom(pixels, BitsStored=stored, HighBit=allocated - 1))


@pytest.mark.parametrize("kind", KINDS)
def test_unused_bits_are_not_part_of_a_mask(kind: str) -> None:
    stored = chest(12) * np.uint16(0)
    stored[5:20, 10:40] = 1
    cells = stored | np.uint16(0x8000)
    compression = {} if kind == "native" else {"syntax": SYNTAXES[kind], "frame": frame(cells, kind)}
    np.testing.assert_array_equal(read_mask(dicom(cells, bits=12, **compression)), stored > 0)


@pytest.mark.parametrize("bits", [9, 10, 11])
def test_twelve_bit_jpeg_beyond_the_stored_range_stays_bright(bits: int) -> None:
    white = (1 << bits) - 1
    blocks = np.tile(np.array([[0, white // 2, white, white + 1, white + 40]]), (5, 1))
    cells = np.zeros((40, 40), np.uint16)
    data = dicom(cells, bits=bits, syntax=uids.JPEGExtended12Bit, frame=flat_jpeg(blocks, bits=12))
    columns = read(data).pixels[0, 4::8].tolist()
    assert columns == sorted(columns)
    assert columns[2] > 0.9 * 65535


@pytest.mark.parametrize("kind", ["jpeg_ls", "jpeg_2000"])
@pytest.mark.parametrize("signed", [0, 1])
def test_lossy_codec_does_not_turn_white_into_black(kind: str, signed: int) -> None:
    stored = np.where(np.random.default_rng(0).random((64, 64)) < 0.5, 4095, 3000).astype(np.uint16)
    values = stored.astype(np.int16) - np.int16(2048) if signed and kind == "jpeg_2000" else stored
    made = dataset(values, bits=16)
    if kind == "jpeg_ls":
        made.compress(uids.JPEGLSNearLossless, jls_error=9, generate_instance_uid=False)
    else:
        made.compress(uids.JPEG2000, j2k_cr=[6], generate_instance_uid=False)
    made.BitsStored, made.HighBit = 12, 11
    pixels = read(written(made)).pixels.astype(float)
    assert np.corrcoef(pixels.ravel(), stored.ravel())[0, 1] > 0.9
    assert (pixels[stored == 4095] > np.median(pixels[stored == 3000])).mean() > 0.95


@pytest.mark.parametrize("kind", ["rle", "jpeg_ls", "jpeg_2000"])
def test_unused_bits_of_colours_are_ignored(kind: str) -> None:
    colours = np.dstack([chest(12)] * 3)
    made = compressed(colours | np.uint16(0x8000), SYNTAXES[kind])
    with_overlay = dicom(colours, bits=12, syntax=SYNTAXES[kind], frame=get_frame(made.PixelData, 0))
    plain = dicom(colours, bits=12)
    np.testing.assert_array_equal(read(with_overlay).pixels, read(plain).pixels)


@pytest.mark.parametrize("syntax", [uids.ExplicitVRBigEndian, uids.DeflatedExplicitVRLittleEndian])
def test_bits_are_read_in_either_byte_order(syntax: uids.UID) -> None:
    cells = (chest(12) << np.uint16(4)) | np.uint16(1)
    data = dicom(cells, bits=12, HighBit=15, syntax=syntax)
    np.testing.assert_array_equal(read(data).pixels, spread(chest(12)))
    for bits in (12, 16):
        values = chest(bits).astype(np.int64) - (1 << (bits - 1))
        data = dicom(twos_complement(values, bits), bits=bits, PixelRepresentation=1, syntax=syntax)
        np.testing.assert_array_equal(read(data).pixels, spread(values))
