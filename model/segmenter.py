"""The segmenter: from an image to a mask, shared by the service, the command line and the evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter
from typing import NamedTuple, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from .checkpoint import BUNDLED, LUNG_AND_HEART, Checkpoint, CheckpointMetadata, read_checkpoint
from .engines import Device, Engine, EngineChoice, choose_engine
from .engines.flips import FlipAveraged
from .errors import CheckpointError, UnsuitableImage
from .heart import keep_heart
from .lungs import LEFT, RIGHT, label_by_file, measure
from .margins import picture_box, picture_pixels, put_back, without_margins
from .postprocessing import postprocess as keep_lungs
from .quality import Evidence, QualityModel, assess, side_warnings, warn
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
    """The network's output for one image.

    Attributes:
        probabilities: ``(S, S)`` float32, probability of lung.
        embedding: ``(D,)`` float32, the encoder's features.
        inference_ms: Milliseconds for the whole batch.
        heart: ``(S, S)`` float32, probability of heart; None if the checkpoint has no heart class.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    inference_ms: float
    heart: NDArray[np.float32] | None = None


class Segmenter:
    """Segments the lungs in chest X-rays: ``Segmenter(checkpoint)(image)``.

    A call composes `prepare`, `run` and `finish`. A server calls these separately, from any number of
    threads; `run` admits as many threads at a time as the engine has streams.

    Args:
        checkpoint: The path of a safetensors file of `pleura train`, or a checkpoint in memory. None
            takes the bundled one.
        device: ``"auto"`` selects CUDA if available.
        engine: ``"auto"`` selects the fastest that is available.
        threads: CPU threads; None takes what the container's quota allows.
        flips: Use test-time augmentation: average over each image and its mirror image, at twice the time.

    Raises:
        CheckpointError: The file is missing, damaged, not Pleura's or not for lungs.
        EngineError: The requested device is not available.
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
        """Return a segmenter with the given metadata and engine."""
        segmenter = cls.__new__(cls)
        segmenter._compose(metadata, engine)
        return segmenter

    def _compose(self, metadata: CheckpointMetadata, engine: Engine) -> None:
        if metadata.num_classes != 2 and metadata.classes != LUNG_AND_HEART:
            raise CheckpointError(
                f"The checkpoint {metadata.name} has {metadata.num_classes} classes. Use one with two "
                "classes (background, lung) or three (background, lung, heart)."
            )
        self.metadata = metadata
        self.engine = engine
        self._flips = isinstance(engine, FlipAveraged)
        self._streams = BoundedSemaphore(engine.streams)
        # Parsed once: a quality model has some ten thousand parameters.
        self._quality_model = (
            None if metadata.calibration is None else QualityModel.parse(metadata.calibration)
        )

    def __call__(
        self, source: Source, *, threshold: float | None = None, postprocess: bool = True
    ) -> Segmentation:
        """Segment one image.

        Args:
            source: The bytes of an image file, its path, grey pixels ``(H, W)`` uint8 or uint16, or a
                radiograph.
            threshold: Probability from which a pixel is lung; None takes the checkpoint's.
            postprocess: Keep at most two components and fill holes.

        Raises:
            ImageError: The image cannot be read or is not suitable.
            EngineError: The network could not be run.
        """
        prepared = self.prepare(source)
        (inferred,) = self.run([prepared])
        return self.finish(prepared, inferred, threshold=threshold, postprocess=postprocess)

    def prepare(self, source: Source, *, max_pixels: int = MAX_PIXELS) -> Prepared:
        """Read an image and make the network's input from the region inside plain margins.

        Files are decoded at no higher resolution than the network needs.

        Raises:
            ImageError: The image cannot be read, is too large or is not suitable.
        """
        start = perf_counter()
        preprocessing = self.metadata.preprocessing
        if isinstance(source, Radiograph):
            radiograph = without_margins(source)
        elif isinstance(source, np.ndarray):
            radiograph = without_margins(_from_array(source))
        else:
            radiograph = read_as_served(source, max_pixels=max_pixels, side=preprocessing.input_size)
        square = preprocessing.apply(picture_pixels(radiograph))
        channels = np.broadcast_to(square, (self.metadata.in_channels, *square.shape))
        return Prepared(radiograph, channels, _since(start))

    def run(self, batch: Sequence[Prepared]) -> list[Inferred]:
        """Run the network on at least one and at most ``engine.max_batch`` images.

        Raises:
            EngineError: The network could not be run.
        """
        images = np.stack([prepared.input for prepared in batch])
        with self._streams:
            start = perf_counter()
            output = self.engine(images)
            took = _since(start)
        return [
            Inferred(
                probabilities[1],
                embedding,
                took,
                probabilities[2] if self.metadata.num_classes == 3 else None,
            )
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
        """Make the mask at native size from the network's output.

        Components and sides are determined at the network's size. The probabilities are then resized to the
        picture's size, thresholded, and put back into the image if margins were cut off.

        Args:
            prepared: The result of `prepare`.
            inferred: The result of `run` for it.
            threshold: Probability from which a pixel is lung; None takes the checkpoint's.
            postprocess: Keep at most two components and fill holes.
        """
        start = perf_counter()
        cut = self.metadata.threshold if threshold is None else threshold
        radiograph = prepared.radiograph
        x, y, width, height = picture_box(radiograph)
        size = {"width": width, "height": height}
        preprocessing = self.metadata.preprocessing

        kept = keep_lungs(inferred.probabilities, threshold=cut) if postprocess else inferred.probabilities
        small, sides_from, doubts = label_by_file(kept >= cut, radiograph.sides)
        mask = preprocessing.restore(kept, **size) >= cut
        rows, columns = preprocessing.frame(**size)
        found = small[rows, columns]
        labels = put_back(_at_native_size(found, mask), radiograph)
        right, left = (
            measure(
                labels,
                side,
                spacing_mm=radiograph.spacing_mm,
                within=_reach(found, side, mask.shape, corner=(y, x)),
            )
            for side in (RIGHT, LEFT)
        )
        heart_mask = None
        if inferred.heart is not None:
            heart_mask = preprocessing.restore(keep_heart(inferred.heart, threshold=0.5), **size) >= 0.5
            heart_mask = put_back(heart_mask, radiograph) & (labels == 0)
        evidence = Evidence(
            input=prepared.input[0][rows, columns],
            probabilities=inferred.probabilities[rows, columns],
            labels=found,
            embedding=inferred.embedding,
            threshold=cut,
        )
        # The quality model was fitted to masks with the checkpoint's threshold, with post-processing and
        # without flips.
        usual = evidence
        if cut != self.metadata.threshold or not postprocess:
            as_served = self._usual_labels(inferred.probabilities, radiograph)[rows, columns]
            usual = replace(evidence, labels=as_served, threshold=self.metadata.threshold)
        calibrated = usual is evidence and not self._flips
        quality = assess(evidence, self._quality_model, as_calibrated=None if calibrated else usual)
        return Segmentation(
            radiograph=radiograph,
            labels=labels,
            threshold=cut,
            right=right,
            left=left,
            sides_from=sides_from,
            quality=warn(quality, side_warnings(doubts)),
            heart_mask=heart_mask,
            heart=None
            if heart_mask is None
            else measure(heart_mask.view(np.uint8), 1, spacing_mm=radiograph.spacing_mm),
            timing_ms={
                "decode": prepared.decode_ms,
                "inference": inferred.inference_ms,
                "postprocess": _since(start),
            },
        )

    def _usual_labels(self, probabilities: NDArray[np.float32], radiograph: Radiograph) -> NDArray[np.uint8]:
        """Return the labels ``(S, S)`` with the checkpoint's threshold and post-processing."""
        threshold = self.metadata.threshold
        labels, _, _ = label_by_file(
            keep_lungs(probabilities, threshold=threshold) >= threshold, radiograph.sides
        )
        return labels


def _at_native_size(small: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Label ``mask`` ``(H, W)``, which may be overwritten, with the labels ``(h, w)`` at the network's size.

    Every pixel of the mask is less than one network pixel away from a labelled one.
    """
    height, width = mask.shape
    columns = {side: np.flatnonzero((small == side).any(axis=0)) for side in (RIGHT, LEFT)}
    found = sorted((side for side in columns if len(columns[side])), key=lambda side: int(columns[side][0]))
    labels = mask.view(np.uint8)
    if len(found) < 2:
        labels *= np.uint8(found[0] if found else 1)
        return labels
    before, after = found
    if columns[after][0] - columns[before][-1] >= 2:
        # Nearly always no column contains both lungs, so that one cut separates them.
        between = (columns[after][0] + columns[before][-1] + 1) / 2
        cut = math.ceil(between * width / small.shape[1] - 0.5)
        labels[:, :cut] *= np.uint8(before)
        labels[:, cut:] *= np.uint8(after)
        return labels
    reach = np.where(small > 0, small, cv2.dilate(small, np.ones((3, 3), np.uint8)))
    labels *= cv2.resize(reach, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
    return labels


def _reach(
    small: NDArray[np.uint8], side: int, shape: tuple[int, ...], *, corner: tuple[int, int]
) -> tuple[slice, slice]:
    """Return the rows and columns of the image that contain a lung, with a margin of one network pixel.

    Args:
        small: The labels at the network's size.
        side: The lung's label.
        shape: The shape of the labels at native size.
        corner: The row and column of the image where these begin.
    """
    x, y, width, height = cv2.boundingRect(cv2.inRange(small, side, side))
    by_row, by_column = (native / seen for native, seen in zip(shape, small.shape, strict=True))
    top, left = corner
    return (
        slice(top + max(0, math.floor((y - 1) * by_row)), top + math.ceil((y + height + 1) * by_row)),
        slice(left + max(0, math.floor((x - 1) * by_column)), left + math.ceil((x + width + 1) * by_column)),
    )


def read_as_served(
    source: bytes | memoryview | Path, *, side: int, max_pixels: int = MAX_PIXELS
) -> Radiograph:
    """Read an image no finer than needed for ``side`` pixels a side inside its margins.

    Raises:
        ImageError: The image cannot be read, is too large or is not suitable.
    """
    radiograph = without_margins(read(source, max_pixels=max_pixels, min_side=side))
    pixels = radiograph.pixels
    if radiograph.picture is None or pixels.shape[1] == radiograph.width:
        return radiograph
    shortest = min(picture_pixels(radiograph).shape)
    if shortest >= side:
        return radiograph
    finer = math.ceil(side * min(pixels.shape) / shortest)
    return without_margins(read(source, max_pixels=max_pixels, min_side=finer))


def _from_array(pixels: Grey) -> Radiograph:
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16) or 0 in pixels.shape:
        raise UnsuitableImage(
            f"An array of shape {pixels.shape} and type {pixels.dtype} is not a radiograph. "
            "Pass grey pixels (H, W) as uint8 or uint16."
        )
    height, width = pixels.shape
    grey = cast(Grey, np.ascontiguousarray(pixels))
    return Radiograph(pixels=grey, format="array", width=width, height=height)


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000
