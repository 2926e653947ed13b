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
    """Grey ``(height, width)`` of which no rotation or flip looks like another; lossy formats keep it well."""
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
    pixels: NDArray[Any], *, tags: dict[int, tuple[int, ...]] | None = None, order: Literal["<", ">"] = "<"
) -> bytes:
    """An uncompressed TIFF of one strip; ``pixels`` are ``(height, width[, samples])`` uint8 or uint16.

    ``tags`` (numbers of 32 bits, or of 16 for bits and sample formats) are added or replace others; one without numbers
    takes another out.
    """
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    entries: dict[int, tuple[int, ...]] = {
        256: (pixels.shape[1],),
        257: (pixels.shape[0],),
        258: (8 * pixels.dtype.itemsize,) * samples,
        259: (1,),
        262: (2 if samples == 3 else 1,),
        273: (8,),
        277: (samples,),
        278: (pixels.shape[0],),
        279: (len(data),),
        **(tags or {}),
    }
    entries = {tag: values for tag, values in entries.items() if values}
    directory_at = 8 + len(data)
    long_at = directory_at + 2 + 12 * len(entries) + 4
    directory, long_values = struct.pack(order + "H", len(entries)), b""
    for tag, values in sorted(entries.items()):
        short = tag in (258, 339)
        packed = struct.pack(f"{order}{len(values)}{'H' if short else 'I'}", *values)
        if len(packed) > 4:
            field = struct.pack(order + "I", long_at + len(long_values))
            long_values += packed
        else:
            field = packed.ljust(4, b"\x00")
        directory += struct.pack(order + "HHI", tag, 3 if short else 4, len(values)) + field
    start = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", directory_at)
    return start + data + directory + struct.pack(order + "I", 0) + long_values
