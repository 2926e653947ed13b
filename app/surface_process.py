"""Computes distances of outlines for a service: the program of a process of its own.

It reads requests from standard input, each a line of JSON and then two masks, one bit a pixel, and answers each with a line of
JSON. It ends when its input does.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from model.metrics.surface import surface

READY = b"ready\n"


def packed(mask: NDArray[np.bool_]) -> bytes:
    """A mask ``(h, w)``, one bit a pixel."""
    return np.packbits(mask).tobytes()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until there are no more."""
    square = np.pad(np.ones((2, 2), np.bool_), 2)
    surface(square, square)
    answers.write(READY)
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        shape = request["shape"]
        prediction, truth = (_mask(requests, *shape) for _ in range(2))
        spacing = request["spacing_mm"]
        found = surface(prediction, truth, spacing_mm=tuple(spacing) if spacing else None)
        answers.write(json.dumps(asdict(found)).encode() + b"\n")
        answers.flush()


def _mask(requests: BinaryIO, height: int, width: int) -> NDArray[np.bool_]:
    data = requests.read((height * width + 7) // 8)
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=height * width)
    return bits.reshape(height, width).view(np.bool_)


if __name__ == "__main__":
    # Libraries may print: what they say must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
