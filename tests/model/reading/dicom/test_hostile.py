"""Malicious files: rejected with one sentence, within bounds of time and memory."""

import struct
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from pydicom import uid as uids
from pydicom.encaps import get_frame

from model.errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage
from model.reading import read, read_mask

from ..pictures import noise, saved
from .files import chest, compressed, dataset, dicom, written
from .lossless_jpeg import lossless_jpeg

SYNTAXES = (
    uids.ImplicitVRLittleEndian,
    uids.ExplicitVRLittleEndian,
    uids.ExplicitVRBigEndian,
    uids.RLELossless,
    uids.JPEGLSLossless,
    uids.JPEG2000Lossless,
)


def _file(syntax: uids.UID) -> bytes:
    stored = noise().astype(np.uint16)
    made = compressed(stored, syntax) if syntax.is_compressed else dataset(stored, syntax=syntax)
    return written(made)


def _body(data: bytes) -> int:
    return 144 + int.from_bytes(data[140:144], "little")


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
def test_file_cut_anywhere_is_rejected(syntax: uids.UID) -> None:
    data = _file(syntax)
    for end in {*range(0, len(data), 97), *range(132, 700, 7), *range(len(data) - 30, len(data) - 4)}:
        # The last four bytes are the length of an end that is there.
        with pytest.raises(ImageError):
            read(data[:end])


def _frame(kind: str) -> tuple[uids.UID, bytes, np.ndarray[tuple[int, ...], np.dtype[np.uint8 | np.uint16]]]:
    stored = noise()
    if kind == "jpeg":
        return uids.JPEGBaseline8Bit, saved(stored, "JPEG"), stored
    if kind == "lossless":
        return uids.JPEGLosslessSV1, lossless_jpeg(stored, bits=8), stored
    syntax = {"rle": uids.RLELossless, "jpeg_ls": uids.JPEGLSLossless, "jpeg_2000": uids.JPEG2000Lossless}[
        kind
    ]
    return syntax, get_frame(compressed(stored, syntax).PixelData, 0), stored


FRAMES = ("jpeg", "lossless", "rle", "jpeg_ls", "jpeg_2000")


@pytest.mark.parametrize("kind", FRAMES)
def test_frame_cut_within_a_whole_file_is_rejected(kind: str) -> None:
    syntax, frame, stored = _frame(kind)
    assert read(dicom(stored, syntax=syntax, frame=frame)).pixels.shape == stored.shape
    for end in range(1, len(frame) - 4, len(frame) // 40):
        with pytest.raises(UnreadableImage):
            read(dicom(stored, syntax=syntax, frame=frame[:end]))


@pytest.mark.parametrize(
    ("kind", "rows", "columns"),
    [
        (kind, *more)
        for kind in FRAMES
        for more in ((1, 0), (0, 1), (300, 300), (-1, 0))
        # RLE does not say its size: that it holds a row too many cannot be seen before.
        if kind != "rle" or more[0] >= 0
    ],
)
def test_codestream_of_another_size_is_rejected(kind: str, rows: int, columns: int) -> None:
    syntax, frame, stored = _frame(kind)
    height, width = stored.shape
    data = dicom(stored, syntax=syntax, frame=frame, Rows=height + rows, Columns=width + columns)
    with pytest.raises(UnreadableImage):
        read(data)


@pytest.mark.parametrize("kind", ["jpeg", "lossless", "jpeg_ls", "jpeg_2000"])
def test_codestream_that_announces_a_huge_image_is_rejected(kind: str) -> None:
    syntax, frame, stored = _frame(kind)
    marker, layout = {
        "jpeg": (b"\xff\xc0", ">5xHH"),
        "lossless": (b"\xff\xc3", ">5xHH"),
        "jpeg_ls": (b"\xff\xf7", ">5xHH"),
        "jpeg_2000": (b"\xff\x51", ">6xLL"),
    }[kind]
    at = frame.index(marker)
    size = struct.pack(
        layout.replace("x", "s", 1).replace("s", "s"), frame[at : at + int(layout[1])], 60000, 60000
    )
    huge = frame[:at] + size + frame[at + len(size) :]
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableImage):
            read(dicom(stored, syntax=syntax, frame=huge))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_huge_rle_frame_is_rejected_without_using_memory() -> None:
    syntax, frame, stored = _frame("rle")
    data = dicom(stored, syntax=syntax, frame=frame, Rows=20_000, Columns=20_000)
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLarge):
            read(data)
        with pytest.raises(UnreadableImage):
            read(data, max_pixels=10**9)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("attribute", ["Rows", "Columns"])
def test_more_pixels_announced_than_stored_are_rejected(attribute: str) -> None:
    with pytest.raises(UnreadableImage):
        read(dicom(chest(), bits=12, **{attribute: 9_000}))


@pytest.mark.parametrize("planar", [2, 65535])
def test_impossible_arrangement_is_rejected(planar: int) -> None:
    with pytest.raises(UnreadableImage):
        read(dicom(np.dstack([noise()] * 3), PlanarConfiguration=planar))


@pytest.mark.parametrize("bits", [0, 17, 65535])
def test_impossible_bits_are_rejected(bits: int) -> None:
    made = dataset(chest())
    made.BitsStored = bits
    made.HighBit = 15
    with pytest.raises(ImageError):
        read(written(made))


def _nested(depth: int) -> bytes:
    """Sequences of undefined length, one within the other."""
    return b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * depth


def _items(count: int) -> bytes:
    """A sequence of empty items."""
    start, end = b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    return start + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * count + end


def _elements(count: int) -> bytes:
    return b"\x09\x00\x10\x00LO\x02\x00xx" * count


def _numbers(count: int) -> bytes:
    """A window of very many centres."""
    value = b"1\\" * count
    return b"\x28\x00\x50\x10UN\x00\x00" + struct.pack("<L", len(value)) + value


def _private(count: int) -> bytes:
    value = bytes(count)
    return b"\x09\x00\x10\x10OB\x00\x00" + struct.pack("<L", len(value)) + value


def _endless() -> bytes:
    return b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 50


@pytest.mark.parametrize(
    "insert",
    [
        pytest.param(lambda: _nested(200), id="200 nested sequences"),
        pytest.param(lambda: _nested(5_000), id="5000 nested sequences"),
        pytest.param(lambda: _items(3_000_000), id="three million items"),
        pytest.param(lambda: _elements(2_000_000), id="two million elements"),
        pytest.param(_endless, id="a sequence without end"),
        pytest.param(lambda: b"\x28\x00\x10\x00UN\x00\x00\xff\xff\xff\xff", id="unknown of undefined length"),
        pytest.param(lambda: b"\x09\x00\x10\x10OB\x00\x00\xf0\xff\xff\xff", id="a length beyond the file"),
        pytest.param(lambda: b"\xff" * 64, id="nonsense"),
    ],
)
def test_deeply_nested_structures_are_rejected(insert: Callable[[], bytes]) -> None:
    data = dicom(chest(), bits=12)
    at = _body(data)
    hostile = data[:at] + insert() + data[at:]
    for reader in (read, read_mask):
        with pytest.raises(ImageError):
            reader(hostile)


def test_too_large_elements_are_left_out() -> None:
    data = dicom(chest(), bits=12)
    at = _body(data)
    hostile = data[:at] + _private(1_000_000) + _numbers(1_000_000) + data[at:]
    tracemalloc.start()
    try:
        headers = read(hostile).dataset
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert headers is not None
    assert 0x00091010 not in headers
    assert "WindowCenter" not in headers


def test_too_many_fragments_are_rejected() -> None:
    syntax, frame, stored = _frame("jpeg_ls")
    data = dicom(stored, syntax=syntax, frame=frame)
    end = data.rindex(b"\xfe\xff\xdd\xe0")
    with pytest.raises(UnreadableImage):
        read(data[:end] + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 100_000 + data[end:])


def test_wrong_offsets_are_rejected() -> None:
    syntax, frame, stored = _frame("jpeg_ls")
    made = dataset(stored, syntax=syntax, frame=frame)
    value = bytearray(made.PixelData)
    value[8:12] = (100_000).to_bytes(4, "little")
    made.PixelData = bytes(value)
    with pytest.raises(UnreadableImage):
        read(written(made))


def test_too_few_uncompressed_pixels_in_an_encapsulated_syntax_are_rejected() -> None:
    data = dicom(chest(), bits=12, Rows=chest().shape[0] + 1)
    meta = data[: _body(data)].replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.5\x00")
    with pytest.raises(UnreadableImage):
        read(meta + data[_body(data) :])


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(2, b"\xff\xff", id="layers"),
        pytest.param(5, b"\x21", id="levels"),
        pytest.param(0, b"\x01", id="precincts announced but not there"),
    ],
)
def test_jpeg_2000_of_very_many_parts_is_rejected(offset: int, value: bytes) -> None:
    stored = chest(12, 700, 700)
    frame = bytearray(get_frame(compressed(stored, uids.JPEG2000Lossless, bits=12).PixelData, 0))
    at = frame.index(b"\xff\x52") + 4
    if value == b"\xff\xff":
        # With precincts of 4 by 4 as well there are billions of packets.
        body = frame[at : at + 10]
        body[0] |= 1
        body[2:4] = value
        precincts = b"\x22" * (body[5] + 1)
        frame[at - 2 : at + 10] = struct.pack(">H", 12 + len(precincts)) + body + precincts
    else:
        frame[at + offset : at + offset + len(value)] = value
    with pytest.raises(UnreadableImage):
        read(dicom(stored, bits=12, syntax=uids.JPEG2000Lossless, frame=bytes(frame)))


def test_jpeg_2000_of_very_many_tiles_is_rejected() -> None:
    syntax, frame, stored = _frame("jpeg_2000")
    at = frame.index(b"\xff\x51") + 4 + 2 + 16
    with pytest.raises(UnreadableImage):
        read(dicom(stored, syntax=syntax, frame=frame[:at] + struct.pack(">LL", 1, 1) + frame[at + 8 :]))


def test_jpeg_2000_that_overrides_itself_is_unsupported() -> None:
    syntax, frame, stored = _frame("jpeg_2000")
    at = frame.index(b"\xff\x5c")
    override = b"\xff\x53" + struct.pack(">HBB5B", 9, 0, 0, 5, 0, 0, 0, 1)
    for changed in (
        frame[:at] + override + frame[at:],
        frame[:at] + b"\xff\x60\x00\x04\x00\x00" + frame[at:],
    ):
        with pytest.raises(UnsupportedImage):
            read(dicom(stored, syntax=syntax, frame=changed))


def test_damaged_lossless_jpeg_costs_no_memory_here() -> None:
    syntax, frame, stored = _frame("lossless")
    middle = len(frame) // 2
    damaged = frame[:middle] + b"\xff\x00" * 50 + frame[middle + 100 :]
    with pytest.raises(UnreadableImage):
        read(dicom(stored, syntax=syntax, frame=damaged))


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
def test_no_error_names_the_patient(syntax: uids.UID) -> None:
    data = _file(syntax)
    random = np.random.default_rng(0)
    for _ in range(150):
        changed = bytearray(data)
        for position in random.integers(132, min(len(data), 900), 4):
            changed[position] = random.integers(0, 256)
        error = _refusal(bytes(changed))
        assert "Secret" not in str(error)
        assert "4711" not in str(error)
        assert error is None or error.__cause__ is None


def _refusal(data: bytes) -> ImageError | None:
    try:
        read(data)
    except ImageError as error:
        return error
    return None
