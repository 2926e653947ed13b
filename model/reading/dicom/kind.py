"""Checks of the kind of a DICOM object: a radiograph, a mask, or something unsuitable."""

from __future__ import annotations

from pydicom import Dataset
from pydicom import uid as uids

from ...errors import ImageTooLarge, UnreadableImage, UnsuitableImage
from .dataset import NO_PIXELS, PIXELS, integer, text

_PROJECTIONS = frozenset(
    {
        uids.ComputedRadiographyImageStorage,
        uids.DigitalXRayImageStorageForPresentation,
        uids.DigitalXRayImageStorageForProcessing,
        uids.XRayRadiofluoroscopicImageStorage,
        uids.SecondaryCaptureImageStorage,
        uids.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        uids.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        uids.MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)
_MODALITIES = frozenset({"CR", "DX", "DR", "RG", "RF", "OT", "SC", "XC", "HC", ""})
"""Modalities of radiographs, of scanned or photographed films, and of screen captures."""
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
"""SOP class of a SEG whose values are segment numbers."""
SEGMENTATIONS = frozenset({uids.SegmentationStorage, LABEL_MAP})
"""SOP classes of a SEG."""
_MAX_LAYERS = 16
"""The most frames of a SEG, in units of the largest image that is read."""
_ADVICE = "send a single-frame CR, DX or secondary capture of a chest radiograph."


def check_radiograph(dataset: Dataset) -> None:
    """Refuses what is not one projection image.

    Raises:
        UnsuitableImage: The object is CT, MR, a report, has several frames…
        UnreadableImage: The radiograph has no pixels.
    """
    uid, modality = sop_class(dataset), text(dataset, "Modality").upper()
    if (uid and uid not in _PROJECTIONS) or modality not in _MODALITIES:
        name = uids.UID(uid).name
        # The name of an unknown UID is the UID itself, which comes from the sender and is not repeated.
        told = uid not in _PROJECTIONS and name != uid
        kind = f" but {name}" if told else ""
        raise UnsuitableImage(f"The DICOM file is not a projection radiograph of a chest{kind}: {_ADVICE}")
    if not any(keyword in dataset for keyword in PIXELS):
        raise UnreadableImage(NO_PIXELS)
    if integer(dataset, "NumberOfFrames", default=1) > 1:
        raise UnsuitableImage(f"The DICOM file has several frames: {_ADVICE}")


def check_mask(dataset: Dataset, *, max_pixels: int) -> None:
    """Check that an object is one mask image, or a SEG without too many frames.

    Args:
        dataset: The attributes, with Pixel Data.
        max_pixels: The most pixels of one image.

    Raises:
        UnsuitableImage: The object has no image, or several.
        UnreadableImage: The image has no pixels.
        ImageTooLarge: The SEG has more frames than that of a radiograph.
    """
    name, frames = sop_class(dataset), integer(dataset, "NumberOfFrames", default=1)
    if not any(keyword in dataset for keyword in PIXELS):
        if name and "Rows" not in dataset:
            raise UnsuitableImage("The DICOM file holds no image. Send a mask.")
        raise UnreadableImage(NO_PIXELS)
    if name not in SEGMENTATIONS and frames > 1:
        raise UnsuitableImage("The DICOM file has frames of several images. Send the mask of one radiograph.")
    if integer(dataset, "Rows") * integer(dataset, "Columns") * frames > _MAX_LAYERS * max_pixels:
        raise ImageTooLarge("The DICOM SEG has too many frames. Send only the lungs.")


def sop_class(dataset: Dataset) -> str:
    """Return the UID of the file's SOP class; empty if it has none."""
    return text(dataset, "SOPClassUID") or text(dataset.file_meta, "MediaStorageSOPClassUID")
