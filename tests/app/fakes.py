"""Fake engines, and images of a rectangle."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from threading import Event, Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from model.checkpoint import LUNG_AND_HEART, CheckpointMetadata
from model.engines import Engine, EngineOutput
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from samples.dicom import dicom as dicom

SIDE = 64
"""The fake network's input, and the pictures' side: nothing is resized, so that masks are exact."""

Box = tuple[int, int, int, int]
"""x, y, width, height."""


@dataclass
class FakeEngine:
    """An engine that segments what is darker than the mean. It can be held, and can fail."""

    name: str = "fake-fp32"
    device: str = "cpu"
    max_batch: int = 1
    streams: int = 1
    gate: Event = field(default_factory=Event)
    failure: Exception | None = None
    batches: list[int] = field(default_factory=list)
    entered: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def hold(self) -> None:
        """Hold batches until `release`."""
        self.entered.clear()
        self.gate.clear()

    def release(self) -> None:
        self.gate.set()

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        with self._lock:
            self.batches.append(len(batch))
        self.entered.set()
        assert self.gate.wait(30), "the engine was not released"
        if self.failure is not None:
            raise self.failure
        lung = np.where(batch[:, 0] < 0, np.float32(0.95), np.float32(0.05))
        probabilities = np.stack([1 - lung, lung], axis=1)
        return EngineOutput(probabilities, np.zeros((len(batch), 4), np.float32))


class HeartEngine(FakeEngine):
    """An engine that also segments a heart: the brightest part."""

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        background, lung = super().__call__(batch).probabilities[0]
        heart = np.where(batch[0, 0] > batch.max() - 0.1, background * np.float32(0.99), np.float32(0))
        return EngineOutput(
            np.stack([background - heart, lung, heart])[None], np.zeros((len(batch), 4), np.float32)
        )


def segmenter(engine: Engine | None = None) -> Segmenter:
    """A segmenter without a network."""
    metadata = CheckpointMetadata(name="fake", sha256="0" * 64, preprocessing=Preprocessing(input_size=SIDE))
    if isinstance(engine, HeartEngine):
        metadata = metadata.model_copy(update={"num_classes": 3, "classes": LUNG_AND_HEART})
    return Segmenter.from_engine(metadata, engine or FakeEngine())


def picture(box: Box = (8, 12, 16, 40), *, side: int = SIDE) -> NDArray[np.uint8]:
    """Bright, with one dark rectangle."""
    x, y, width, height = box
    pixels = np.full((side, side), 200, np.uint8)
    pixels[y : y + height, x : x + width] = 40
    return pixels


def truth(box: Box = (8, 12, 16, 40), *, side: int = SIDE) -> NDArray[np.bool_]:
    """The rectangle's mask, ``(side, side)``."""
    return picture(box, side=side) < 100


def encode(pixels: NDArray[np.uint8] | NDArray[np.bool_], suffix: str = ".png") -> bytes:
    """An image file's bytes."""
    grey = pixels.astype(np.uint8) * np.uint8(255 if pixels.dtype == np.bool_ else 1)
    done, data = cv2.imencode(suffix, grey)
    assert done
    return data.tobytes()


def decode(data: bytes) -> NDArray[np.bool_]:
    """A mask's PNG."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return pixels > 0


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares this size and has next to nothing inside."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
