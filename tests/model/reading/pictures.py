"""Small images to write and to read again."""

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HEIGHT, WIDTH = 48, 64


def ramp(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Grey ``(height, width)`` without symmetries, which lossy formats preserve well."""
    picture = np.add.outer(np.arange(height) * 2, np.arange(width)).astype(np.uint8)
    picture[: height // 4, : width // 4] = 250
    return picture


def noise(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Grey ``(height, width)`` that compresses badly: a file cut anywhere lacks something."""
    return np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)


def saved(picture: NDArray[Any] | Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file that Pillow writes."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(
    rows: NDArray[Any],
    *,
    width: int,
    depth: int,
    colour_type: int,
    extra: bytes = b"",
    height: int | None = None,
) -> bytes:
    """A PNG of packed ``rows`` ``(height, bytes)`` uint8; ``extra`` chunks come before the pixels."""
    stream = zlib.compress(b"".join(b"\x00" + row.tobytes() for row in rows))
    header = struct.pack(
        ">IIBBBBB", width, len(rows) if height is None else height, depth, colour_type, 0, 0, 0
    )
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", stream)
        + png_chunk(b"IEND", b"")
    )


def tiff_file(
    pixels: NDArray[Any],
    *,
    tags: dict[int, tuple[int, ...]] | None = None,
    order: Literal["<", ">"] = "<",
    big: bool = False,
    strip: bytes | None = None,
) -> bytes:
    """A TIFF or BigTIFF of one strip; ``pixels`` are ``(height, width[, samples])`` of any type.

    ``tags`` (numbers of 32 bits, or of 16 for bits and sample formats) are added or replace others; one
    without numbers takes another out. ``strip`` is the strip where it is not the pixels as they are.
    """
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes() if strip is None else strip
    start = 16 if big else 8
    entries: dict[int, tuple[int, ...]] = {
        256: (pixels.shape[1],),
        257: (pixels.shape[0],),
        258: (8 * pixels.dtype.itemsize,) * samples,
        259: (1,),
        262: (2 if samples == 3 else 1,),
        273: (start,),
        277: (samples,),
        278: (pixels.shape[0],),
        279: (len(data),),
        **(tags or {}),
    }
    entries = {tag: values for tag, values in entries.items() if values}
    inline, place, number = (8, "Q", "Q") if big else (4, "I", "H")
    directory_at = start + len(data)
    entry_size = 4 + 2 * inline
    long_at = directory_at + struct.calcsize(number) + entry_size * len(entries) + inline
    directory, long_values = struct.pack(order + number, len(entries)), b""
    for tag, values in sorted(entries.items()):
        short = tag in (258, 339)
        packed = struct.pack(f"{order}{len(values)}{'H' if short else 'I'}", *values)
        if len(packed) > inline:
            field = struct.pack(order + place, long_at + len(long_values))
            long_values += packed
        else:
            field = packed.ljust(inline, b"\x00")
        directory += struct.pack(order + "HH" + place, tag, 3 if short else 4, len(values)) + field
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HHQ", 8, 0, directory_at) if big else struct.pack(order + "I", directory_at)
    return head + data + directory + struct.pack(order + place, 0) + long_values
