"""The layout of the values in a TIFF page, and messages for unsupported layouts."""

from __future__ import annotations

from ..errors import UnreadableImage, UnsuitableImage, UnsupportedImage
from .decoding import DAMAGED
from .memory_file import Data
from .tiff_directory import (
    BITS,
    COMPRESSION,
    HEIGHT,
    MAX_PAGES,
    PHOTOMETRIC,
    PLANES,
    SAMPLE_FORMAT,
    STRIP_BYTES,
    STRIP_OFFSETS,
    SUB_DIRECTORIES,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    Directory,
    directories,
)

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = 0, 1, 2, 3
"""PhotometricInterpretation."""

_COLOURS = {
    WHITE_IS_ZERO: "grey",
    BLACK_IS_ZERO: "grey",
    RGB: "RGB",
    PALETTE: "a palette",
    4: "a transparency mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "a camera's raw values",
    32844: "logarithmic luminance",
    32845: "logarithmic luminance",
}
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
"""None, CCITT, LZW, JPEG, deflate, PackBits."""

_UNREAD_COMPRESSIONS = {
    6: "JPEG as of TIFF 5",
    22610: "JPEG XR",
    32809: "ThunderScan",
    32909: "PixarLog",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34925: "LZMA",
    34933: "PNG",
    34934: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
LOSSY = (6, 7)
"""JPEG."""

_UNSIGNED, SIGNED, _FLOAT, _UNDEFINED, _COMPLEX_INTEGERS, _COMPLEX = range(1, 7)
"""SampleFormat."""

_MAX_TILE = 2**26
"""The most bytes of a tile that is larger than its image: libtiff allocates a whole tile."""

_PILLOW_BITS, _OPENCV_BITS = (1, 2, 4, 8), (10, 12, 14, 16)


def picture_in(data: Data) -> Directory:
    """Return the one page that is neither a thumbnail nor a mask.

    Raises:
        UnreadableImage: There is no complete directory.
        UnsuitableImage: There are several such pages.
        UnsupportedImage: The only such page is nested in another.
    """
    pages = directories(data)
    pictures = [page for page in pages if page.is_picture]
    if not pictures:
        if any(SUB_DIRECTORIES in page.entries for page in pages):
            raise UnsupportedImage(
                "Only the preview of this TIFF, a camera's file, can be read. Save it as plain TIFF."
            )
        pictures = pages[:1]
    if len(pictures) > 1 or len(pages) > MAX_PAGES:
        raise UnsuitableImage("The TIFF has several pages: send a single image.")
    return pictures[0]


def size_of(page: Directory) -> tuple[int, int]:
    """Return width and height of the upright image."""
    width, height = page.number(WIDTH), page.number(HEIGHT)
    return (height, width) if page.orientation >= 5 else (width, height)


def is_grey(page: Directory) -> bool:
    """Return whether values are grey, with or without transparency."""
    return page.number(PHOTOMETRIC, BLACK_IS_ZERO) in (WHITE_IS_ZERO, BLACK_IS_ZERO)


def is_signed(page: Directory) -> bool:
    """Return whether values are signed."""
    return SIGNED in page.numbers(SAMPLE_FORMAT, _UNSIGNED)


def has_deep_grey(page: Directory) -> bool:
    """Return whether values are grey of more than eight bits, or signed; OpenCV reads these."""
    return is_grey(page) and page.samples == 1 and (page.bits in _OPENCV_BITS or is_signed(page))


def has_deep_pairs(page: Directory) -> bool:
    """Return whether values are 16-bit grey with transparency."""
    return is_grey(page) and page.samples == 2 and page.bits == 16


def has_deep_colours(page: Directory) -> bool:
    """Return whether values are 16-bit RGB(A), of which Pillow would keep only eight bits."""
    return page.number(PHOTOMETRIC) == RGB and page.samples in (3, 4) and page.bits == 16


def only_opencv_opens(page: Directory) -> bool:
    """Return whether this is a big-endian BigTIFF, which Pillow does not support."""
    return page.big and page.order == ">"


def check(page: Directory) -> None:
    """Reject unsupported layouts.

    Raises:
        UnsupportedImage: The values, colours, planes or compression are not supported.
        UnreadableImage: The pixels are outside the file, or tiles are far larger than the image.
    """
    _check_values(page)
    compression = page.number(COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        name = _UNREAD_COMPRESSIONS.get(compression, f"number {compression}")
        raise UnsupportedImage(
            f"This compression of TIFF ({name}) is not read: save it with LZW, deflate or none."
        )
    _check_layout(page)
    _check_places(page)


def _check_values(page: Directory) -> None:
    kinds, bits = set(page.numbers(SAMPLE_FORMAT, _UNSIGNED)), page.bits
    if kinds & {_FLOAT, _COMPLEX, _COMPLEX_INTEGERS}:
        kind = "floating-point" if _FLOAT in kinds else "complex"
        raise UnsupportedImage(f"The TIFF holds {kind} values: convert it to whole numbers of 8 or 16 bits.")
    signed = "signed " if is_signed(page) else ""
    if bits > 16 or (signed and bits not in (8, 16)):
        raise UnsupportedImage(f"The TIFF holds {signed}values of {bits} bits: convert it to 8 or 16 bits.")
    if signed and page.samples > 1:
        raise UnsupportedImage("The TIFF holds signed colours: convert it to grey of 8 or 16 bits.")


def _check_layout(page: Directory) -> None:
    depths, samples = set(page.numbers(BITS, 1)), page.samples
    colours = page.number(PHOTOMETRIC, BLACK_IS_ZERO)
    if has_deep_grey(page) or has_deep_pairs(page) or has_deep_colours(page):
        fits = True
    elif is_grey(page) or colours == PALETTE:
        fits = (samples == 1 and page.bits in _PILLOW_BITS) or (samples == 2 and depths == {8})
    else:
        fits = colours in (RGB, 5, 6) and depths == {8} and 3 <= samples <= 5
    if not fits or len(depths) > 1:
        bits = " and ".join(map(str, sorted(depths)))
        name = _COLOURS.get(colours, f"colours of number {colours}")
        raise UnsupportedImage(
            f"The TIFF holds {samples} values a pixel of {bits} bits ({name}): convert it to grey of 8 or "
            "16 bits."
        )
    if page.number(PLANES, 1) != 1 and samples > 1 and not (colours == RGB and depths == {8}):
        raise UnsupportedImage(
            "A TIFF with separate planes is read in 8-bit RGB only: save it with interleaved values."
        )
    shallow_grey = is_grey(page) and samples == 1 and page.bits in (1, 8)
    if only_opencv_opens(page) and not (shallow_grey or has_deep_grey(page) or has_deep_pairs(page)):
        raise UnsupportedImage(
            "A BigTIFF in big-endian order is read in grey of 1, 8 and more bits only: save it as TIFF."
        )
    if page.number(COMPRESSION, 1) in LOSSY and depths != {8}:
        raise UnsupportedImage(
            "Within a TIFF, JPEG is read with 8 bits only: save it with LZW, deflate or none."
        )


def _check_places(page: Directory) -> None:
    tiled = TILE_OFFSETS in page.entries
    offsets = page.numbers(TILE_OFFSETS if tiled else STRIP_OFFSETS)
    counts = page.numbers(TILE_BYTES if tiled else STRIP_BYTES)
    length = len(page.data)
    if any(offset + count > length for offset, count in zip(offsets, counts, strict=False)):
        raise UnreadableImage(DAMAGED)
    if tiled:
        tile = page.number(TILE_WIDTH) * page.number(TILE_HEIGHT) * page.samples * 2
        if tile > max(_MAX_TILE, 16 * page.number(WIDTH) * page.number(HEIGHT)):
            raise UnreadableImage(DAMAGED)
