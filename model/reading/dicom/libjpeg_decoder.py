"""Decoding of lossless and 12-bit JPEG with pylibjpeg-libjpeg, the only decoder for these.

It leaks the memory of a frame on which it fails, as much as the image takes. Therefore each frame is
decoded in its own process with limits on memory and time; the start takes 0.1 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ...errors import UnreadableImage, UnsupportedImage
from .dataset import DAMAGED

_SCRIPT = Path(__file__).with_name("libjpeg_process.py")
_BASE_BYTES = 2**30
"""Address space of an interpreter with NumPy, most of which is never used."""
_BYTES_PER_SAMPLE = 24
_DEADLINE_S = 120


def decode_with_libjpeg(frame: bytes, *, samples: int) -> bytes:
    """Return the samples of a frame, interleaved by pixel, in 8 or 16 bits little-endian.

    Args:
        frame: A complete codestream.
        samples: The number of samples: rows times columns times colours.

    Raises:
        UnreadableImage: The frame cannot be decoded within the limits.
        UnsupportedImage: No process can be started here.
    """
    command = [sys.executable, "-P", str(_SCRIPT), str(_BASE_BYTES + _BYTES_PER_SAMPLE * samples)]
    # BLAS libraries reserve memory for each thread that they may start.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        process = subprocess.run(
            command,
            input=frame,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableImage(
            f"The JPEG in the DICOM file takes longer than {_DEADLINE_S} s to decode. Send it uncompressed."
        ) from None
    except OSError:
        raise UnsupportedImage(
            "Lossless and 12-bit JPEG cannot be decoded here. Send the DICOM file uncompressed."
        ) from None
    if process.returncode:
        raise UnreadableImage(DAMAGED)
    return process.stdout
