"""JPEG (ISO/IEC 10918-1): baseline, extended and progressive, 8 bits, grey, colour or CMYK."""

from __future__ import annotations

import cv2

from ..errors import UnreadableImage, UnsupportedImage
from ..radiograph import Grey
from .decoding import COLOUR, DAMAGED, GREY, Decoded, decode_with_opencv
from .jpeg_markers import (
    BASELINE,
    EXTENDED,
    JPEG_LS,
    LOSSLESS,
    PROGRESSIVE,
    JpegFrame,
    check_scans,
    read_frame,
    read_skeleton,
)
from .memory_file import Data
from .orientation import UPRIGHT, exif_orientation

_UNREAD = {
    LOSSLESS: "lossless JPEG",
    JPEG_LS: "JPEG-LS",
    **dict.fromkeys(range(0xC5, 0xC8), "hierarchical JPEG"),
}
"""Names of unsupported processes; all others use arithmetic coding."""

_REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}


def size(data: Data) -> tuple[int, int]:
    """Return width and height from the frame header.

    Raises:
        UnreadableImage: There is no frame header.
        UnsupportedImage: The process, the bits or the number of components is not supported.
    """
    frame = read_frame(data)
    if frame.process not in (BASELINE, EXTENDED, PROGRESSIVE):
        kind = _UNREAD.get(frame.process, "JPEG with arithmetic coding")
        raise UnsupportedImage(f"This is {kind}, which is not read. Save it as PNG or TIFF.")
    if frame.bits != 8:
        raise UnsupportedImage(f"A JPEG of {frame.bits} bits is not read. Save it as PNG or TIFF of 16 bits.")
    if frame.components not in (1, 3, 4):
        raise UnsupportedImage("The JPEG is neither grey, colour nor CMYK. Save it as grey.")
    return frame.width, frame.height


def decode(data: Data, *, colour: bool, min_side: int | None) -> Decoded:
    """Return the pixels of the first image.

    Args:
        data: The bytes of the file.
        colour: Keep colours, as masks require; else return grey.
        min_side: Grey may be decoded at 1/2, 1/4 or 1/8 of its size if both sides keep this many pixels; None
            decodes at full size.

    Raises:
        UnreadableImage: The file is damaged or incomplete.
        ImageTooLarge: It has too many pixels for its number of scans.
    """
    skeleton = read_skeleton(data)
    if skeleton.starved:
        raise UnreadableImage(DAMAGED)
    check_scans(skeleton)
    frame = skeleton.frame
    if colour:
        pixels = decode_with_opencv(data, COLOUR if frame.components > 1 else GREY)
    else:
        pixels = _decode_grey(data, frame, min_side=min_side)
    orientation = exif_orientation(skeleton.exif) if skeleton.exif else UPRIGHT
    applied = ("grey",) if frame.components > 1 and not colour else ()
    return Decoded(pixels, orientation, applied, lossy=True)


def _decode_grey(data: Data, frame: JpegFrame, *, min_side: int | None) -> Grey:
    shortest = min(frame.width, frame.height)
    by = next((by for by in _REDUCED if min_side is not None and shortest // by >= min_side), 1)
    if by == 1:
        return decode_with_opencv(data, GREY)
    pixels = decode_with_opencv(data, _REDUCED[by] | cv2.IMREAD_IGNORE_ORIENTATION)
    # A last row or column with less than half of its width inside the image would distort it.
    rows, columns = (frame.height + by // 2) // by, (frame.width + by // 2) // by
    return pixels[:rows, :columns].copy()
