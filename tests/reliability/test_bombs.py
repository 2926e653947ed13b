"""Small files that want to become large ones: refused, and the service's memory stays what it was."""

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from tests.app.fakes import encode, picture, png_header
from tests.model.reading.dicom.files import chest, compressed, dataset, dicom, written
from tests.model.reading.pictures import png_chunk, ramp, saved
from tests.reliability.service import Service, running

pytestmark = pytest.mark.slow


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
    """A JPEG whose header declares 65,500 × 65,500."""
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
    """DICOM whose attributes contradict its pixels."""
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
    """Nested sequences without an end."""
    head, meta = dicom(chest())[:132], dicom(chest())[132:]
    return (
        head + meta[:-4000] + b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    )


def png_with(kind: bytes, data: bytes, *, times: int = 1) -> bytes:
    """A PNG with chunks of this kind behind its header."""
    whole = encode(picture())
    return whole[:33] + png_chunk(kind, data) * times + whole[33:]


def profile_bomb() -> bytes:
    """A PNG with a colour profile of 100 MB."""
    return png_with(b"iCCP", b"x\0\0" + zlib.compress(bytes(100_000_000), 9))


def looping_exif() -> bytes:
    """A JPEG whose EXIF directory is its own sub-directory."""
    directory = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    exif = b"Exif\0\0" + directory
    data = saved(ramp(), "JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def flooded_jpeg(segment: bytes, *, times: int) -> bytes:
    """A JPEG with this many segments behind its start."""
    data = saved(ramp(), "JPEG")
    return data[:2] + segment * times + data[2:]


def tiff(data: bytes, *, next_directory: int = 0, **changes: int) -> bytes:
    """A TIFF of 64 × 64 grey pixels in one strip, tag by tag; ``tag_259=8`` changes one, -1 leaves it out."""
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 64, 279: len(data)}
    tags |= {int(name.removeprefix("tag_")): value for name, value in changes.items()}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()) if value >= 0]
    head = b"II*\0" + struct.pack("<I", 8 + len(data)) + data
    return head + struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", next_directory)


def looping_tiff() -> bytes:
    """A TIFF whose directory names itself as the next one."""
    return tiff(bytes(4096), next_directory=8 + 4096)


def deflated_tiff(**changes: int) -> bytes:
    """A TIFF whose pixels inflate to 100 MB."""
    return tiff(zlib.compress(bytes(100_000_000), 9), tag_259=8, **changes)


def tiled_tiff() -> bytes:
    """A tile of 4 GB for 64 × 64 pixels."""
    tile = {"tag_322": 65_520, "tag_323": 65_520, "tag_324": 8, "tag_325": 1000}
    return deflated_tiff(tag_273=-1, tag_278=-1, tag_279=-1, **tile)


def film() -> bytes:
    """A WebP of 200 frames."""
    file, page = BytesIO(), Image.fromarray(ramp())
    page.save(file, "WEBP", save_all=True, append_images=[Image.fromarray(255 - ramp())] * 199, duration=1)
    return file.getvalue()


def dicom_with(elements: bytes) -> bytes:
    """A DICOM file with these elements before the patient's name."""
    whole = dicom(chest())
    place = whole.index(b"\x10\x00\x10\x00PN")
    return whole[:place] + elements + whole[place:]


def closed_sequences(depth: int) -> bytes:
    """Nested sequences, each with an end."""
    begin = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return dicom_with(begin * depth + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" * depth)


def many_items() -> bytes:
    """A sequence of 200,000 empty items."""
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 200_000
    begin = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"
    return dicom_with(begin + items + b"\xfe\xff\xdd\xe0\0\0\0\0")


def private_elements() -> bytes:
    """50,000 private elements."""
    numbers = range(0x1000, 0x1000 + 50_000)
    return dicom_with(b"".join(struct.pack("<HH2sHI", 9, number, b"UN", 0, 2) + b"ab" for number in numbers))


def many_values() -> bytes:
    """One text of a million values."""
    return dicom_with(struct.pack("<HH2sHI", 9, 0x1010, b"UT", 0, 2_000_000) + b"a\\" * 1_000_000)


def endless_element() -> bytes:
    """An element of 4 GB in a file of a few kB."""
    return dicom_with(struct.pack("<HH2sHI", 9, 0x1010, b"UN", 0, 2**32 - 2))


def encapsulated(syntax: str, *fragments: bytes) -> bytes:
    """A DICOM file with these fragments as its compressed frame."""
    made = compressed(chest(), RLELossless)
    made.file_meta.TransferSyntaxUID = UID(syntax)
    item = b"\xfe\xff\x00\xe0"
    items = b"".join(item + struct.pack("<I", len(one)) + one for one in fragments)
    made.PixelData = item + bytes(4) + items
    return written(made)


def lying_codestream() -> bytes:
    """JPEG 2000 of (2³² − 1)² pixels, in a file that declares another size."""
    side = 2**32 - 1
    header = struct.pack(">HHIIIIIIIIH", 41, 0, side, side, 0, 0, side, side, 0, 0, 1) + b"\7\1\1"
    return encapsulated(JPEG2000Lossless, b"\xff\x4f\xff\x51" + header)


def two_faces(preamble: bytes) -> bytes:
    """DICOM whose first 128 bytes are another file's."""
    return preamble[:128].ljust(128, b"\0") + dicom(chest())[128:]


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
    "profile bomb": (profile_bomb, {200}),
    "a million texts": (lambda: png_with(b"tEXt", b"a\0b", times=1_000_000), {400}),
    "png with a looping exif": (lambda: png_with(b"eXIf", looping_exif()[12:38]), {200}),
    "jpeg with a looping exif": (looping_exif, {200}),
    "jpeg of comments": (lambda: flooded_jpeg(b"\xff\xfe\0\2", times=1_000_000), {400}),
    "jpeg of restarts": (
        lambda: saved(ramp(), "JPEG")[:-2] + b"\xff\xd0" * 3_000_000 + b"\xff\xd9",
        {200, 400},
    ),
    "looping tiff": (looping_tiff, {200, 400, 422}),
    "tiff with a deflated bomb": (deflated_tiff, {200, 400}),
    "tiff of a huge tile": (tiled_tiff, {400}),
    "tiff of 60,000 squared": (lambda: tiff(bytes(4096), tag_256=60_000, tag_257=60_000), {413}),
    "tiff of many samples": (lambda: tiff(bytes(4096), tag_277=65_535), {400, 415}),
    "film": (film, {422}),
    "dicom of 150 sequences": (lambda: closed_sequences(150), {200}),
    "dicom of 20,000 sequences": (lambda: closed_sequences(20_000), {400}),
    "dicom of many items": (many_items, {200, 400, 413}),
    "dicom of private elements": (private_elements, {200, 400, 413}),
    "dicom of many values": (many_values, {200, 400, 413}),
    "dicom with an endless element": (endless_element, {400}),
    "dicom of empty fragments": (lambda: encapsulated(RLELossless, *[b""] * 100_000), {400}),
    "dicom of lying jpeg 2000": (lying_codestream, {400, 413}),
    "dicom with an image before it": (lambda: two_faces(encode(picture())), {200}),
    "dicom with html before it": (lambda: two_faces(b"<html><script>alert(1)</script></html>"), {200}),
    "an image with dicom behind it": (lambda: encode(picture()) + dicom(chest()), {200}),
    "an image with a program behind it": (lambda: encode(picture()) + b"PK\x03\x04" + bytes(1000), {200}),
}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("bombs"), max_pixels=MAX_PIXELS) as service:
        service.status("POST", "/segment", dicom(chest()))
        yield service


@pytest.mark.parametrize("name", BOMBS)
def test_decompression_bomb_stays_within_the_memory_limit(limited: Service, name: str) -> None:
    make, statuses = BOMBS[name]
    data = make()
    Path(f"/proc/{limited.process.pid}/clear_refs").write_text("5")  # resets the peak
    before = limited.memory_mb()
    assert limited.status("POST", "/segment", data) in statuses
    # Some copies of the upload, what an image of the allowed size takes (`model.reading.limits`), and
    # room for the allocator.
    allowed = 4 * len(data) + 14 * MAX_PIXELS + 40_000_000
    assert limited.memory_mb("VmHWM") - before < allowed / 1e6
    assert limited.status("POST", "/segment", encode(picture())) == 200


@pytest.mark.parametrize(("side", "status"), [(99, 200), (100, 200), (101, 413)])
def test_pixel_limit_is_exact(tmp_path_factory: pytest.TempPathFactory, side: int, status: int) -> None:
    with running(tmp_path_factory.mktemp("pixels"), max_pixels=10_000) as service:
        image = encode(np.full((side, side), 90, np.uint8))
        assert service.status("POST", "/segment", image) == status
