"""Image in, mask out: the one core that the service, the command line and the evaluation share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter
from typing import NamedTuple, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from .checkpoint import BUNDLED, Checkpoint, CheckpointMetadata, read_checkpoint
from .engines import Device, Engine, EngineChoice, choose_engine
from .engines.flips import FlipAveraged
from .errors import CheckpointError, UnsuitableImage
from .lungs import LEFT, RIGHT, label_lungs, measure
from .postprocessing import postprocess as keep_lungs
from .quality import Calibration, Evidence, assess
from .radiograph import Grey, Radiograph
from .reading import MAX_PIXELS, read
from .segmentation import Segmentation

Source = bytes | memoryview | Path | Grey | Radiograph


@dataclass(frozen=True, slots=True)
class Prepared:
    """A radiograph that is ready for the network: ``input`` is ``(C, S, S)`` float32."""

    radiograph: Radiograph
    input: NDArray[np.float32]
    decode_ms: float


class Inferred(NamedTuple):
    """What the network says of one image.

    Attributes:
        probabilities: ``(S, S)`` float32, of lung.
        embedding: ``(D,)`` float32, what the encoder saw.
        inference_ms: what the batch took.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    inference_ms: float


class Segmenter:
    """Segments the lungs in chest X-rays: ``Segmenter(checkpoint)(image)``.

    Calling it composes `prepare`, `run` and `finish`. A server calls them apart, from as many threads as it likes: `run` takes as many at a time
    as the engine has lanes.

    Args:
        checkpoint: a safetensors file of `pleura train`, read once, or one that was read; None takes the bundled one.
        device: ``"auto"`` takes CUDA where there is one.
        engine: ``"auto"`` takes the fastest that can run here.
        threads: for a CPU; None takes what the container's quota allows.
        flips: average over each image and its mirror image, at twice the time.

    Raises:
        CheckpointError: the file is missing, damaged, of another make or not for lungs.
        EngineError: the device asked for is not there.
    """

    def __init__(
        self,
        checkpoint: Path | Checkpoint | None = None,
        *,
        device: Device = "auto",
        engine: EngineChoice = "auto",
        threads: int | None = None,
        flips: bool = False,
    ) -> None:
        read = checkpoint if isinstance(checkpoint, Checkpoint) else read_checkpoint(checkpoint or BUNDLED)
        chosen = choose_engine(read, device=device, engine=engine, threads=threads)
        self._compose(read.metadata, FlipAveraged(chosen) if flips else chosen)

    @classmethod
    def from_engine(cls, metadata: CheckpointMetadata, engine: Engine) -> Self:
        """A segmenter from its parts."""
        segmenter = cls.__new__(cls)
        segmenter._compose(metadata, engine)
        return segmenter

    def _compose(self, metadata: CheckpointMetadata, engine: Engine) -> None:
        if metadata.num_classes != 2:
            raise CheckpointError(
                f"The checkpoint {metadata.name} has {metadata.num_classes} classes: the segmenter needs one of two, "
                "background and lung."
            )
        self.metadata = metadata
        self.engine = engine
        self._lanes = BoundedSemaphore(engine.lanes)
        # Read once: a calibration has some ten thousand numbers.
        self._calibration = None if metadata.calibration is None else Calibration.parse(metadata.calibration)

    def __call__(
        self, source: Source, *, threshold: float | None = None, postprocess: bool = True
    ) -> Segmentation:
        """Segments one image.

        Args:
            source: the bytes of an image file, its path, grey pixels ``(H, W)`` uint8 or uint16, or a radiograph.
            threshold: probability from which a pixel is lung; None takes the checkpoint's.
            postprocess: keep at most two components and fill holes.

        Raises:
            ImageError: the image cannot be read or is not suitable.
            EngineError: the network could not be run.
        """
        prepared = self.prepare(source)
        (inferred,) = self.run([prepared])
        return self.finish(prepared, inferred, threshold=threshold, postprocess=postprocess)

    def prepare(self, source: Source, *, max_pixels: int = MAX_PIXELS) -> Prepared:
        """Reads an image, no finer than the network sees it, and makes the network's input.

        Raises:
            ImageError: the image cannot be read, is too large or is not suitable.
        """
        start = perf_counter()
        preprocessing = self.metadata.preprocessing
        if isinstance(source, Radiograph):
            radiograph = source
        elif isinstance(source, np.ndarray):
            radiograph = _from_array(source)
        else:
            radiograph = read(source, max_pixels=max_pixels, min_side=preprocessing.input_size)
        square = preprocessing.apply(radiograph.pixels)
        channels = np.broadcast_to(square, (self.metadata.in_channels, *square.shape))
        return Prepared(radiograph, channels, _since(start))

    def run(self, batch: Sequence[Prepared]) -> list[Inferred]:
        """Runs the network on at least one and at most ``engine.max_batch`` images.

        Raises:
            EngineError: the network could not be run.
        """
        images = np.stack([prepared.input for prepared in batch])
        with self._lanes:
            start = perf_counter()
            output = self.engine(images)
            took = _since(start)
        return [
            Inferred(probabilities[1], embedding, took)
            for probabilities, embedding in zip(output.probabilities, output.embedding, strict=True)
        ]

    def finish(
        self,
        prepared: Prepared,
        inferred: Inferred,
        *,
        threshold: float | None = None,
        postprocess: bool = True,
    ) -> Segmentation:
        """Makes the mask at native size from what the network said.

        Components and sides are found at the network's size; the probabilities are then brought to the image's size and cut.

        Args:
            prepared: what `prepare` gave.
            inferred: what `run` gave for it.
            threshold: probability from which a pixel is lung; None takes the checkpoint's.
            postprocess: keep at most two components and fill holes.
        """
        start = perf_counter()
        cut = self.metadata.threshold if threshold is None else threshold
        radiograph = prepared.radiograph
        size = {"width": radiograph.width, "height": radiograph.height}
        preprocessing = self.metadata.preprocessing

        kept = keep_lungs(inferred.probabilities, threshold=cut) if postprocess else inferred.probabilities
        small = label_lungs(kept >= cut)
        mask = preprocessing.restore(kept, **size) >= cut
        rows, columns = preprocessing.frame(**size)
        found = small[rows, columns]
        labels = _at_native_size(found, mask)
        right, left = (
            measure(labels, side, spacing_mm=radiograph.spacing_mm, within=_reach(found, side, labels.shape))
            for side in (RIGHT, LEFT)
        )
        evidence = Evidence(
            input=prepared.input[0][rows, columns],
            probabilities=inferred.probabilities[rows, columns],
            labels=found,
            embedding=inferred.embedding,
            threshold=cut,
        )
        return Segmentation(
            radiograph=radiograph,
            labels=labels,
            threshold=cut,
            right=right,
            left=left,
            quality=assess(evidence, self._calibration),
            timing_ms={
                "decode": prepared.decode_ms,
                "inference": inferred.inference_ms,
                "postprocess": _since(start),
            },
        )


def _at_native_size(small: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels ``(h, w)`` at the network's size, brought to those of ``mask`` ``(H, W)``, which may be overwritten.

    Every pixel of the mask lies less than one step beside a labelled one.
    """
    height, width = mask.shape
    on_right, on_left = (np.flatnonzero((small == side).any(axis=0)) for side in (RIGHT, LEFT))
    labels = mask.view(np.uint8)
    if not len(on_left):
        return labels
    if not len(on_right) or on_left[0] - on_right[-1] >= 2:
        # No column holds both, as nearly always: one cut tells them apart.
        between = (on_left[0] + on_right[-1] + 1) / 2 if len(on_right) else 0
        labels[:, math.ceil(between * width / small.shape[1] - 0.5) :] *= np.uint8(LEFT)
        return labels
    reach = np.where(small > 0, small, cv2.dilate(small, np.ones((3, 3), np.uint8)))
    labels *= cv2.resize(reach, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
    return labels


def _reach(small: NDArray[np.uint8], side: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of `_at_native_size` that hold a lung: those of its box at the network's size, and of a step about it."""
    x, y, width, height = cv2.boundingRect(cv2.inRange(small, side, side))
    by_row, by_column = (native / seen for native, seen in zip(shape, small.shape, strict=True))
    return (
        slice(max(0, math.floor((y - 1) * by_row)), math.ceil((y + height + 1) * by_row)),
        slice(max(0, math.floor((x - 1) * by_column)), math.ceil((x + width + 1) * by_column)),
    )


def _from_array(pixels: Grey) -> Radiograph:
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16) or 0 in pixels.shape:
        raise UnsuitableImage(
            f"An array of shape {pixels.shape} and type {pixels.dtype} is not a radiograph: "
            "give grey pixels (H, W) as uint8 or uint16."
        )
    height, width = pixels.shape
    grey = cast(Grey, np.ascontiguousarray(pixels))
    return Radiograph(pixels=grey, format="array", width=width, height=height)


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000
