"""Small files that want to become large ones: refused, and the service's memory stays what it was."""

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from tests.app.fakes import encode, picture, png_header
from tests.model.reading.dicom.files import chest, compressed, dataset, dicom, written
from tests.model.reading.pictures import png_chunk, ramp, saved
from tests.reliability.service import Service, running


def zlib_bomb() -> bytes:
    """A PNG of 64 × 64 whose pixels inflate to 300 MB."""
    squeeze = zlib.compressobj(9)
    stream = b"".join(squeeze.compress(bytes(1_000_000)) for _ in range(300)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", stream)
        + png_chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    """A PNG with a compressed text of 100 MB."""
    whole = encode(picture())
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    return whole[:33] + text + whole[33:]


def lying_jpeg() -> bytes:
    """A JPEG whose head says 65,500 × 65,500."""
    data = bytearray(saved(ramp(), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(data)


def progressive_bomb() -> bytes:
    """A progressive JPEG with 20,000 scans."""
    data = saved(ramp(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 20_000 + b"\xff\xd9"


def pages() -> bytes:
    """A TIFF of a thousand pages."""
    file, page = BytesIO(), Image.fromarray(ramp())
    page.save(file, "TIFF", save_all=True, append_images=[page] * 999)
    return file.getvalue()


def lying_dicom(**attributes: object) -> bytes:
    """Attributes that are not those of the pixels."""
    return dicom(chest(), **attributes)


def lying_rle() -> bytes:
    """An RLE frame that declares 20,000 × 20,000."""
    made = compressed(chest(), RLELossless)
    made.Rows = made.Columns = 20_000
    return written(made)


def deflated_bomb() -> bytes:
    """A deflated data set of a private element of 100 MB."""
    made = dataset(chest(), syntax=DeflatedExplicitVRLittleEndian)
    made.add_new(0x00091010, "OB", bytes(100_000_000))
    return written(made)


def nested() -> bytes:
    """Sequences within sequences."""
    head, meta = dicom(chest())[:132], dicom(chest())[132:]
    return (
        head + meta[:-4000] + b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    )


def polyglot() -> bytes:
    """HTML before, an image behind."""
    return b"<html><script>alert(1)</script></html>" + encode(picture())


MAX_PIXELS = 2_000_000

BOMBS: dict[str, tuple[Callable[[], bytes], set[int]]] = {
    "png of 60,000 squared": (lambda: png_header(60_000, 60_000), {413}),
    "png of 2^31 squared": (lambda: png_header(2**31 - 1, 2**31 - 1), {400, 413}),
    "zlib bomb": (zlib_bomb, {200, 400}),
    "text bomb": (text_bomb, {200, 400}),
    "lying jpeg": (lying_jpeg, {400, 413}),
    "progressive jpeg": (progressive_bomb, {400, 413, 422}),
    "thousand pages": (pages, {422}),
    "gif": (lambda: saved(ramp(), "GIF"), {415}),
    "svg": (lambda: b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", {415}),
    "html": (lambda: b"<!doctype html><title>x</title>", {415}),
    "polyglot": (polyglot, {415}),
    "dicom of 60,000 squared": (lambda: lying_dicom(Rows=60_000, Columns=60_000), {400, 413}),
    "dicom of many frames": (lambda: lying_dicom(NumberOfFrames=2**31 - 1), {400, 413, 422}),
    "dicom with too few pixels": (lambda: lying_dicom(Rows=1000, Columns=1000), {400}),
    "dicom of rle": (lying_rle, {400, 413}),
    "deflated dicom": (deflated_bomb, {400, 413, 415}),
    "nested sequences": (nested, {400, 413, 422}),
    "dicom with a length that lies": (lambda: dicom(chest())[:-3000], {400}),
}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("bombs"), max_pixels=MAX_PIXELS) as service:
        service.status("POST", "/segment", dicom(chest()))
        yield service


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(limited: Service, name: str) -> None:
    make, statuses = BOMBS[name]
    data = make()
    Path(f"/proc/{limited.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = limited.memory_mb()
    assert limited.status("POST", "/segment", data) in statuses
    # Some copies of the upload, what an image of the allowed size takes (`model.reading.limits`), and room for the allocator.
    allowed = 4 * len(data) + 14 * MAX_PIXELS + 40_000_000
    assert limited.memory_mb("VmHWM") - before < allowed / 1e6
    assert limited.status("POST", "/segment", encode(picture())) == 200


@pytest.mark.parametrize(("side", "status"), [(99, 200), (100, 200), (101, 413)])
def test_pixels_at_below_and_above_the_limit(
    tmp_path_factory: pytest.TempPathFactory, side: int, status: int
) -> None:
    with running(tmp_path_factory.mktemp("pixels"), max_pixels=10_000) as service:
        image = encode(np.full((side, side), 90, np.uint8))
        assert service.status("POST", "/segment", image) == status
