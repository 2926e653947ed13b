import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from model.errors import UnreadableImage, UnsupportedImage
from model.reading.dicom import libjpeg_decoder
from model.reading.dicom.libjpeg_decoder import decode_with_libjpeg

from .files import chest
from .lossless_jpeg import lossless_jpeg

STORED = chest(12)
FRAME = lossless_jpeg(STORED, bits=12)


def test_samples_are_decoded_exactly() -> None:
    decoded = decode_with_libjpeg(FRAME, samples=STORED.size)
    np.testing.assert_array_equal(np.frombuffer(decoded, "<u2").reshape(STORED.shape), STORED)


def test_undecodable_frame_is_rejected() -> None:
    with pytest.raises(UnreadableImage):
        decode_with_libjpeg(b"nothing", samples=10)


def test_memory_limit_is_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libjpeg_decoder, "_BASE_BYTES", 2**24)
    with pytest.raises(UnreadableImage):
        decode_with_libjpeg(FRAME, samples=STORED.size)


def test_time_limit_is_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_slow(*args: Any, timeout: float, **options: Any) -> None:
        raise subprocess.TimeoutExpired("libjpeg", timeout)

    monkeypatch.setattr(subprocess, "run", too_slow)
    with pytest.raises(UnreadableImage):
        decode_with_libjpeg(FRAME, samples=STORED.size)


def test_failure_to_start_a_process_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UnsupportedImage, match="uncompressed"):
        decode_with_libjpeg(FRAME, samples=STORED.size)
