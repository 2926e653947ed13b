"""Masks that a person corrected: read with their radiographs, written as DICOM, kept for training."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from model.atomic import write_atomically
from model.checkpoint import CheckpointMetadata
from model.errors import ImageError, SizeMismatch, UnsuitableMask
from model.lungs import LEFT, RIGHT, measure
from model.quality import Quality
from model.radiograph import Radiograph
from model.reading import read, read_labels
from model.segmentation import Segmentation
from model.writing.dicom.authorship import Authorship
from model.writing.dicom.presentation_state import presentation_state
from model.writing.dicom.seg import dicom_seg
from model.writing.png import mask_png

from .audit import accessed
from .errors import NotDicom, SpoolFull
from .options import CorrectedForm

_WRITERS = {CorrectedForm.SEG: dicom_seg, CorrectedForm.GSPS: presentation_state}


class Corrected(NamedTuple):
    """A radiograph and the labels that a person answers for.

    Attributes:
        radiograph: At its full size.
        labels: ``(height, width)`` uint8: 0 background, 1 right lung, 2 left lung.
    """

    radiograph: Radiograph
    labels: NDArray[np.uint8]

    @classmethod
    def read(cls, image: memoryview, mask: memoryview, *, max_pixels: int) -> Self:
        """Read the two files.

        Args:
            image: The bytes of the radiograph.
            mask: The bytes of the label map.
            max_pixels: The most pixels (width times height) of either.

        Raises:
            ImageError: One of them cannot be used.
        """
        radiograph = read(image, max_pixels=max_pixels)
        accessed(radiograph)
        try:
            values = read_labels(mask, max_pixels=max_pixels)
        except ImageError as error:
            raise type(error)(f"The file `mask` cannot be used. {error}") from error
        height, width = values.shape
        if (width, height) != (radiograph.width, radiograph.height):
            raise SizeMismatch(
                f"The mask has {width}×{height} pixels, the image {radiograph.width}×{radiograph.height}: "
                "send a mask of the image's size."
            )
        if values.max() > LEFT:
            raise UnsuitableMask(
                "The mask holds other values than 0 (background), 1 (right lung) and 2 (left lung): send a "
                "label map."
            )
        return cls(radiograph, values.astype(np.uint8))

    def dicom(
        self,
        metadata: CheckpointMetadata,
        *,
        form: CorrectedForm,
        threshold: float,
        authorship: Authorship,
    ) -> bytes:
        """Return a DICOM object of the labels.

        Args:
            metadata: Of the checkpoint whose mask was corrected.
            form: The object.
            threshold: Probability from which that mask's pixels were lung.
            authorship: Who made the labels.

        Raises:
            NotDicom: The radiograph is not DICOM.
            UnsuitableImage: It lacks an attribute that must be referred to, or has colours and the object
                is a presentation state.
        """
        if self.radiograph.dataset is None:
            raise NotDicom("A DICOM object refers to a DICOM image. Send one, or save the mask as PNG.")
        right, left = (
            measure(self.labels, label, spacing_mm=self.radiograph.spacing_mm) for label in (RIGHT, LEFT)
        )
        segmentation = Segmentation(
            radiograph=self.radiograph,
            labels=self.labels,
            threshold=threshold,
            right=right,
            left=left,
            sides_from=self.radiograph.sides.source,
            quality=Quality(predicted_iou=None, trusted=True, warnings=()),
        )
        return _WRITERS[form](segmentation, metadata, authorship=authorship)

    def save(self, folder: Path) -> str:
        """Save a pair for `pleura train --data`: ``images/NAME.png`` and ``masks/NAME.png``.

        The image holds the pixels as they were read, without anything else of the file: no header, no
        name. The name follows from the pixels, so that a film that is corrected again replaces its mask.

        Returns:
            The name.

        Raises:
            SpoolFull: The folder cannot be written to.
        """
        pixels = self.radiograph.pixels
        name = sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes()).hexdigest()[:16]
        _, image = cv2.imencode(".png", pixels)
        try:
            # The mask first: alone it is passed over, while an image without a mask stops a training.
            for kind, data in (("masks", mask_png(self.labels > 0)), ("images", image.tobytes())):
                write_atomically(folder / kind / f"{name}.png", data)
        except OSError:
            raise SpoolFull(
                "The service cannot write to its collection. Give the folder that PLEURA_COLLECTION names "
                "space and permission to write."
            ) from None
        return name
