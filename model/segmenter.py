"""The segmenter: from an image to a mask, shared by the service, the command line and the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .checkpoint import BUNDLED, LUNG_AND_HEART, Checkpoint, CheckpointMetadata, read_checkpoint
from .engines import Device, Engine, EngineChoice, choose_engine
from .engines.flips import FlipAveraged
from .errors import CheckpointError
from .evidence import evidence_of, kept_probabilities, usual_evidence
from .lungs import LEFT, RIGHT, label_by_file, measure
from .margins import picture_box, picture_pixels, put_back, without_margins
from .native_size import heart_at_native_size, label_at_native_size, network_frame, region, restore
from .quality import Quality, QualityModel, assess, side_warnings, warn, with_age
from .radiograph import Grey, Radiograph
from .reading import MAX_PIXELS, read
from .segmentation import Segmentation
from .served import radiograph_of, read_as_served
from .stages import Inferred, Prepared
from .timing import Timing, ms_since

Source = bytes | memoryview | Path | Grey | Radiograph


class Segmenter:
    """Segments the lungs in chest X-rays: ``Segmenter(checkpoint)(image)``.

    A call composes `prepare`, `run` and `finish`. A server calls these separately, from any number of
    threads; `run` admits as many threads at a time as the engine has streams.

    Args:
        checkpoint: The path of a safetensors file of `pleura train`, ``"small"`` for the small bundled
            checkpoint, or a checkpoint in memory. None takes the default one.
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
        checkpoint: Path | str | Checkpoint | None = None,
        *,
        device: Device = "auto",
        engine: EngineChoice = "auto",
        threads: int | None = None,
        flips: bool = False,
    ) -> None:
        if not isinstance(checkpoint, Checkpoint):
            checkpoint = read_checkpoint(Path(checkpoint or BUNDLED))
        chosen = choose_engine(checkpoint, device=device, engine=engine, threads=threads)
        self._compose(checkpoint.metadata, FlipAveraged(chosen) if flips else chosen)

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

    def prepare(self, source: Source, *, max_pixels: int = MAX_PIXELS, all_pixels: bool = False) -> Prepared:
        """Read an image and make the network's input from the region inside plain margins.

        Args:
            source: As for a call.
            max_pixels: The most pixels of an image.
            all_pixels: Decode files at full resolution, as a result that shows the radiograph requires.
                Otherwise they are decoded at no higher resolution than the network needs.

        Raises:
            ImageError: The image cannot be read, is too large or is not suitable.
        """
        start = perf_counter()
        preprocessing = self.metadata.preprocessing
        if isinstance(source, Radiograph):
            radiograph = without_margins(source)
        elif isinstance(source, np.ndarray):
            radiograph = without_margins(radiograph_of(source))
        elif all_pixels:
            radiograph = without_margins(read(source, max_pixels=max_pixels))
        else:
            radiograph = read_as_served(source, max_pixels=max_pixels, side=preprocessing.input_size)
        square = preprocessing.apply(picture_pixels(radiograph))
        channels = np.broadcast_to(square, (self.metadata.in_channels, *square.shape))
        return Prepared(radiograph, channels, Timing(decode=ms_since(start)))

    def run(self, batch: Sequence[Prepared]) -> list[Inferred]:
        """Run the network on at least one and at most ``engine.max_batch`` images.

        Raises:
            EngineError: The network could not be run.
        """
        images = np.stack([prepared.input for prepared in batch])
        with self._streams:
            start = perf_counter()
            output = self.engine(images)
            took = ms_since(start)
        return [
            Inferred(
                probabilities[1],
                embedding,
                probabilities[2] if self.metadata.num_classes == 3 else None,
                replace(prepared.timing_ms, inference=took),
            )
            for prepared, probabilities, embedding in zip(
                batch, output.probabilities, output.embedding, strict=True
            )
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
        radiograph, preprocessing = prepared.radiograph, self.metadata.preprocessing
        kept, components = kept_probabilities(inferred, threshold=cut, postprocess=postprocess)
        small, sides_from, doubts = label_by_file(kept >= cut, radiograph.sides, components)
        found = small[network_frame(radiograph, preprocessing)]
        mask = restore(kept, radiograph, preprocessing) >= cut
        labels = put_back(label_at_native_size(found, mask), radiograph)
        x, y, _, _ = picture_box(radiograph)
        spacing = radiograph.spacing_mm
        right, left = (
            measure(labels, side, spacing_mm=spacing, within=region(found, side, mask.shape, corner=(y, x)))
            for side in (RIGHT, LEFT)
        )
        heart_mask = heart = heart_iou = None
        if inferred.heart is not None:
            heart_mask, heart_region, heart_iou = heart_at_native_size(
                inferred.heart, labels, radiograph, preprocessing
            )
            heart = measure(heart_mask.view(np.uint8), 1, spacing_mm=spacing, within=heart_region)
        quality = self._assess(prepared, inferred, found, threshold=cut, postprocess=postprocess)
        return Segmentation(
            radiograph=radiograph,
            labels=labels,
            threshold=cut,
            right=right,
            left=left,
            sides_from=sides_from,
            quality=warn(with_age(quality, radiograph.age_years), side_warnings(doubts)),
            heart_mask=heart_mask,
            heart=heart,
            heart_expected_iou=heart_iou,
            timing_ms=replace(inferred.timing_ms, postprocess=ms_since(start)),
        )

    def mask(
        self,
        prepared: Prepared,
        inferred: Inferred,
        *,
        threshold: float | None = None,
        postprocess: bool = True,
    ) -> NDArray[np.bool_]:
        """Return only the mask at native size ``(height, width)``; see `finish`."""
        cut, radiograph = self.metadata.threshold if threshold is None else threshold, prepared.radiograph
        kept, _ = kept_probabilities(inferred, threshold=cut, postprocess=postprocess)
        return put_back(restore(kept, radiograph, self.metadata.preprocessing) >= cut, radiograph)

    def probabilities(self, prepared: Prepared, inferred: Inferred) -> NDArray[np.float32]:
        """Return the probability of lung at native size ``(height, width)``, without post-processing.

        Outside the picture, in margins that were cut off, it is 0.
        """
        radiograph = prepared.radiograph
        return put_back(restore(inferred.probabilities, radiograph, self.metadata.preprocessing), radiograph)

    def _assess(
        self,
        prepared: Prepared,
        inferred: Inferred,
        labels: NDArray[np.uint8],
        *,
        threshold: float,
        postprocess: bool,
    ) -> Quality:
        """Assess a mask; the quality model was fitted to the checkpoint's settings, without flips."""
        evidence = evidence_of(
            prepared, inferred, labels, threshold=threshold, preprocessing=self.metadata.preprocessing
        )
        as_calibrated = evidence if self._flips else None
        if threshold != self.metadata.threshold or not postprocess:
            as_calibrated = usual_evidence(prepared, inferred, self.metadata)
        return assess(evidence, self._quality_model, as_calibrated=as_calibrated)
