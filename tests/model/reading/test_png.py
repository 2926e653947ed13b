import struct
import time
import zlib
from collections.abc import Iterator
from threading import Event, Thread

import cv2
import numpy as np
import pytest

from model.errors import UnreadableImage
from model.reading import png, read, read_labels, read_mask

from .pictures import png_chunk, png_file, ramp, saved


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_are_spread_over_eight(depth: int) -> None:
    packed = np.random.default_rng(0).integers(0, 256, (32, 32 * depth // 8), np.uint8)
    bits = np.unpackbits(packed, axis=1).reshape(32, 32, depth)
    values = bits @ (1 << np.arange(depth)[::-1])
    data = png_file(packed, width=32, depth=depth, colour_type=0)
    np.testing.assert_array_equal(read(data).pixels, values * (255 // (2**depth - 1)))
    np.testing.assert_array_equal(read_labels(data), values)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_give_their_colours(depth: int) -> None:
    random = np.random.default_rng(0)
    palette = random.integers(0, 256, (2**depth, 3), np.uint8)
    packed = random.integers(0, 256, (32, 32 * depth // 8), np.uint8)
    indices = np.unpackbits(packed, axis=1).reshape(32, 32, depth) @ (1 << np.arange(depth)[::-1])
    extra = png_chunk(b"PLTE", palette.tobytes()) + png_chunk(b"tRNS", bytes(2**depth))
    data = png_file(packed, width=32, depth=depth, colour_type=3, extra=extra)
    luma = palette[indices] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read(data).pixels - luma).max() <= 1
    np.testing.assert_array_equal(read_mask(data), palette[indices].any(axis=2))


def test_sixteen_bits_with_transparency() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (32, 24, 2), np.uint16)
    rows = values.astype(">u2").reshape(32, -1).view(np.uint8)
    data = png_file(rows, width=24, depth=16, colour_type=4)
    np.testing.assert_array_equal(read(data).pixels, values[..., 0])


def test_gamma_and_profiles_do_not_change_grey_values() -> None:
    rows = ramp()
    extra = png_chunk(b"gAMA", (100_000).to_bytes(4, "big")) + png_chunk(b"sRGB", b"\x00")
    data = png_file(rows, width=rows.shape[1], depth=8, colour_type=0, extra=extra)
    np.testing.assert_array_equal(read(data).pixels, rows)


@pytest.mark.parametrize(("depth", "colour_type"), [(3, 0), (16, 3), (4, 2), (8, 1), (8, 5)])
def test_impossible_headers_are_rejected(depth: int, colour_type: int) -> None:
    with pytest.raises(UnreadableImage):
        read(png_file(ramp(), width=64, depth=depth, colour_type=colour_type))


def test_file_that_does_not_begin_with_its_header_is_rejected() -> None:
    data = saved(ramp(), "PNG")
    apple = png_chunk(b"CgBI", bytes(4))
    with pytest.raises(UnreadableImage):
        read(data[:8] + apple + data[8:])


def test_missing_rows_are_found_although_the_file_has_an_end() -> None:
    with pytest.raises(UnreadableImage):
        read(png_file(ramp()[:30], width=64, height=48, depth=8, colour_type=0))


def test_surplus_rows_are_ignored() -> None:
    data = png_file(ramp(), width=64, height=30, depth=8, colour_type=0)
    np.testing.assert_array_equal(read(data).pixels, ramp()[:30])


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("filters", [0, 8, 16, 32, 64, 128])
def test_large_images_of_any_filter_and_depth_are_read(
    depth: type[np.uint8], colour: bool, filters: int
) -> None:
    shape = (301, 333, 3) if colour else (301, 333)
    noise = np.random.default_rng(0).integers(0, np.iinfo(depth).max // 8, shape, depth)
    pixels = np.cumsum(noise, axis=1, dtype=depth)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1, *([cv2.IMWRITE_PNG_FILTER, filters] if filters else [])]
    data = cv2.imencode(".png", pixels, settings)[1].tobytes()
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    # OpenCV's reader and its conversion round the weights of the colours differently.
    tolerance = (1 if depth is np.uint8 else 4) if colour else 0
    assert cv2.absdiff(read(data).pixels, np.asarray(expected, depth)).max() <= tolerance


@pytest.fixture
def other_thread() -> Iterator[list[float]]:
    """The times at which another thread of the process could run, a thousand a second at the most."""
    times: list[float] = []
    ended = Event()

    def note() -> None:
        while not ended.wait(0.001):
            times.append(time.perf_counter())

    thread = Thread(target=note)
    thread.start()
    yield times
    ended.set()
    thread.join()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(301, 333), (301, 333, 3)])
def test_both_decoders_give_the_same_values(
    depth: type[np.uint8], shape: tuple[int, ...], other_thread: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(depth).max + 1, shape, depth)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    monkeypatch.setattr(png, "_GIL_BUDGET", 0)
    with_opencv = read(data).pixels
    monkeypatch.setattr(png, "_GIL_BUDGET", 1 << 40)
    np.testing.assert_array_equal(read(data).pixels, with_opencv)


def test_other_threads_run_while_a_large_image_is_decoded(other_thread: list[float]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4500, 4500), np.uint16)
    data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()

    def longest_wait() -> float:
        begun = time.perf_counter()
        read(data)
        ended = time.perf_counter()
        times = [begun, *(moment for moment in list(other_thread) if begun < moment < ended), ended]
        return float(max(np.diff(times))) / (ended - begun)

    # More than once, because a busy machine may stop one of the threads.
    assert min(longest_wait() for _ in range(3)) < 1 / 3


def test_sixteen_bit_colours_give_their_luma() -> None:
    colours = np.random.default_rng(0).integers(0, 65536, (40, 50, 3), np.uint16)
    data = cv2.imencode(".png", colours[..., ::-1])[1].tobytes()
    assert np.abs(read(data).pixels - colours @ np.array([0.299, 0.587, 0.114])).max() < 2


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_values_saved_as_colours_are_unchanged(depth: type[np.uint8]) -> None:
    grey = np.linspace(0, np.iinfo(depth).max, 256).astype(depth).reshape(16, 16)
    data = cv2.imencode(".png", cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[1].tobytes()
    np.testing.assert_array_equal(read(data).pixels, grey)


def test_interlaced_images_are_read() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)
    # Adam7: first row and column of each pass, and the steps between them.
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    stream = b"".join(b"\x00" + row.tobytes() for y, x, dy, dx in passes for row in rows[y::dy, x::dx])
    header = struct.pack(">IIBBBBB", 64, 48, 8, 0, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(stream)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)
    np.testing.assert_array_equal(read(data).pixels, rows)


def test_wrong_checksum_of_the_pixels_is_found() -> None:
    chunk = bytearray(png_chunk(b"IDAT", zlib.compress(b"\x00" * 65 * 48)))
    data = png_file(ramp(), width=64, depth=8, colour_type=0)
    assert not read(data[:33] + chunk + png_chunk(b"IEND", b"")).pixels.any()
    chunk[-1] ^= 1
    with pytest.raises(UnreadableImage):
        read(data[:33] + chunk + png_chunk(b"IEND", b""))


def test_image_without_pixels_is_rejected() -> None:
    data = png_file(ramp(), width=64, depth=8, colour_type=0)
    with pytest.raises(UnreadableImage):
        read(data[:33] + png_chunk(b"IEND", b""))


def test_too_many_chunks_are_rejected() -> None:
    with pytest.raises(UnreadableImage):
        read(png_file(ramp(), width=64, depth=8, colour_type=0, extra=png_chunk(b"tEXt", b"") * 300_000))
