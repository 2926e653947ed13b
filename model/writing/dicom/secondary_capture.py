"""Secondary Capture: the radiograph with the outlines of the lungs, for viewers that show no segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...lungs import LEFT, RIGHT
from ...quiet import quiet
from ..colours import STRUCTURE_COLOURS
from ..overlay import outlined
from .derivation import Derivation, with_content_uid
from .findings import area_in_words
from .seg_words import comments, trust_in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

    from ...checkpoint import CheckpointMetadata
    from ...radiograph import Radiograph
    from ...segmentation import Segmentation

_LINES_IN_HEIGHT = 40
"""Lines of text that would fill the picture's shorter side."""
_LEAST_STEP = 12.0
"""Pixels from one line to the next below which letters cannot be read."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT = 22
"""Pixels of a capital at scale 1."""
_WHITE, _NOT_TRUSTED = (255, 255, 255), (213, 94, 0)
"""Text colours as RGB; the second is the vermilion of Okabe and Ito."""


def secondary_capture(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    *,
    text: bool = True,
    series_instance_uid: str | None = None,
) -> bytes:
    """Write a Secondary Capture (RGB, Explicit VR Little Endian) of the radiograph with the lungs' outlines.

    It has the rows and columns of the radiograph and looks as the overlay does. Text in the upper left
    corner gives the area of each lung, the predicted IoU and, if the mask is not trusted, ``NOT
    TRUSTED``. Image Comments hold what those of the SEG hold.

    Args:
        segmentation: Of a DICOM image.
        metadata: Of the checkpoint that made it.
        text: Whether the text is burnt in; without it, only attributes state whether the mask is trusted.
        series_instance_uid: Series UID; None derives it from the radiograph, the weights and Pleura's
            version.

    Raises:
        SizeMismatch: The labels do not have the size of the radiograph.
        UnsuitableImage: The radiograph is not DICOM, or lacks an attribute that must be referred to.
    """
    from highdicom.sc import SCImage

    with quiet():
        origin = Derivation.of(segmentation, metadata)
        source, radiograph = origin.source, segmentation.radiograph
        made = SCImage(
            pixel_array=_picture(segmentation, text=text),
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=("L", "F"),
            study_instance_uid=source.StudyInstanceUID,
            pixel_spacing=radiograph.spacing_mm,
            **origin.arguments(
                segmentation,
                "SC" if text else "SC outlines",
                noun="Lung outlines",
                block=10 if text else 13,
                series_instance_uid=series_instance_uid,
            ),
        )
        # Workstation (PS3.3 C.8.6.1).
        made.ConversionType = "WSD"
        del made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture
        made.ImageComments = comments(segmentation)
        burnt_in = "Lung outlines and text" if text else "Lung outlines"
        made.DerivationDescription = f"{burnt_in} burnt in; windowed to 8 bits"
        made.SourceImageSequence = [_reference(source)]
        _carry_over(made, radiograph, source)
        origin.identify(made)
        # Type 2C (PS3.3 C.7.3.1): empty, since a chest is not one side of a pair.
        made.Laterality = ""
        return with_content_uid(made)


def _carry_over(made: Dataset, radiograph: Radiograph, source: Dataset) -> None:
    """Copy the attributes of the radiograph that still hold for its picture."""
    from ...reading.dicom.sides import patient_orientation
    from .values import valid_element

    dataset = radiograph.dataset
    assert dataset is not None
    made.PatientOrientation = list(patient_orientation(dataset) or ())
    for keyword in ("BurnedInAnnotation", "PixelAspectRatio"):
        element = valid_element(dataset, keyword)
        # A spacing replaces the aspect ratio (PS3.3 C.7.6.3).
        if element is not None and not (keyword == "PixelAspectRatio" and radiograph.spacing_mm):
            made.add(element)
    # What was once compressed with loss stays so (PS3.3 C.7.6.1.1.5).
    for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if keyword in source:
            made.add(source[keyword])


def _reference(source: Dataset) -> Dataset:
    from highdicom.sr import CodedConcept
    from pydicom import Dataset
    from pydicom.sr.codedict import codes

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(purpose)]
    return item


def _picture(segmentation: Segmentation, *, text: bool) -> NDArray[np.uint8]:
    """Return ``(height, width, 3)`` uint8, red first."""
    picture = cv2.cvtColor(outlined(segmentation.radiograph, segmentation.structures), cv2.COLOR_BGR2RGB)
    if not text:
        return np.ascontiguousarray(picture, np.uint8)
    step = max(min(picture.shape[:2]) / _LINES_IN_HEIGHT, _LEAST_STEP)
    scale = 0.6 * step / _FONT_HEIGHT
    thickness = max(1, round(2 * scale))
    for line, (words, colour) in enumerate(_text(segmentation), start=1):
        x, y = round(step / 2), round(line * step)
        # A dark rim first, so that the text can be read on any background.
        for dx, dy in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            at = (x + dx * thickness, y + dy * thickness)
            cv2.putText(picture, words, at, _FONT, scale, (0, 0, 0), thickness, cv2.LINE_AA)
        cv2.putText(picture, words, (x, y), _FONT, scale, colour, thickness, cv2.LINE_AA)
    return np.ascontiguousarray(picture, np.uint8)


def _text(segmentation: Segmentation) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the lines and their colours; ASCII, since the font has nothing else."""
    quality = segmentation.quality
    trust = trust_in_words(quality)
    lines = [(trust if quality.trusted else trust.replace("Not trusted", "NOT TRUSTED"), _WHITE)]
    if not quality.trusted:
        lines = [(lines[0][0], _NOT_TRUSTED)]
        lines += [(warning.code.replace("_", " "), _NOT_TRUSTED) for warning in quality.warnings]
    for name, label, lung in (("Right", RIGHT, segmentation.right), ("Left", LEFT, segmentation.left)):
        lines.append((f"{name} lung {area_in_words(lung)}", STRUCTURE_COLOURS[label]))
    ratio = segmentation.cardiothoracic_ratio
    if ratio is not None and ratio.value is not None:
        lines.append((f"Cardiothoracic ratio {ratio.value:.2f}", _WHITE))
    return lines
