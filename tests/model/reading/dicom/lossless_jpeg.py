"""A small lossless JPEG encoder (ISO/IEC 10918-1, process 14); no installed library writes it."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def lossless_jpeg(pixels: NDArray[Any], *, bits: int, predictor: int = 1) -> bytes:
    """Encodes ``(h, w)`` with one of the predictors 1 to 7; every category has a code of five bits."""
    values = pixels.astype(np.int64)
    # Differences are modulo 65,536; that of 32,768 has a category of its own, without further bits.
    difference = (values - _predicted(values, predictor=predictor, bits=bits) + 32767) % 65536 - 32767
    codes: list[str] = []
    for number in difference.ravel().tolist():
        size = abs(number).bit_length()
        codes.append(f"{size:05b}")
        if 0 < size < 16:
            codes.append(f"{number if number > 0 else number + (1 << size) - 1:0{size}b}")
    stream = "".join(codes)
    stream += "1" * (-len(stream) % 8)
    data = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")
    height, width = pixels.shape
    frame = b"\xff\xc3" + struct.pack(">HBHHB", 11, bits, height, width, 1) + bytes([1, 0x11, 0])
    table = b"\xff\xc4" + struct.pack(">HB", 36, 0) + bytes([0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, predictor, 0, 0])
    return b"\xff\xd8" + frame + table + scan + data + b"\xff\xd9"


def _predicted(values: NDArray[np.int64], *, predictor: int, bits: int) -> NDArray[np.int64]:
    left, above, corner = np.zeros_like(values), np.zeros_like(values), np.zeros_like(values)
    left[:, 1:] = values[:, :-1]
    above[1:] = values[:-1]
    corner[1:, 1:] = values[:-1, :-1]
    prediction = {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1),
        7: (left + above) >> 1,
    }[predictor].copy()
    prediction[0] = left[0]
    prediction[1:, 0] = values[:-1, 0]
    prediction[0, 0] = 1 << (bits - 1)
    return prediction
