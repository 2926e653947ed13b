"""What kind of DICOM object it is: a radiograph, or something that is not segmented here."""

from __future__ import annotations

from pydicom import Dataset
from pydicom import uid as uids

from ...errors import UnreadableImage, UnsuitableImage
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
"""Those of a radiograph, of a film that was scanned or photographed, of a screen that was captured."""
_SEGMENTATIONS = frozenset({uids.SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7"})
_ADVICE = "send a single-frame CR, DX or secondary capture of a chest radiograph."


def check_radiograph(dataset: Dataset) -> None:
    """Refuses what is not one projection image.

    Raises:
        UnsuitableImage: CT, MR, a report, several frames…
        UnreadableImage: a radiograph without pixels.
    """
    sop_class, modality = _sop_class(dataset), text(dataset, "Modality").upper()
    if (sop_class and sop_class not in _PROJECTIONS) or modality not in _MODALITIES:
        name = uids.UID(sop_class).name
        # An unknown UID is its own name; it is the sender's, so it is not repeated.
        told = sop_class not in _PROJECTIONS and name != sop_class
        kind = f" but {name}" if told else ""
        raise UnsuitableImage(f"The DICOM file is not a projection radiograph of a chest{kind}: {_ADVICE}")
    if not any(keyword in dataset for keyword in PIXELS):
        raise UnreadableImage(NO_PIXELS)
    if integer(dataset, "NumberOfFrames", default=1) > 1:
        raise UnsuitableImage(f"The DICOM file has several frames: {_ADVICE}")


def check_mask(dataset: Dataset) -> None:
    """Refuses what is not one image; the frames of a SEG may be as many as its segments.

    Raises:
        UnsuitableImage: no image, or several.
        UnreadableImage: an image without pixels.
    """
    sop_class, frames = _sop_class(dataset), integer(dataset, "NumberOfFrames", default=1)
    if not any(keyword in dataset for keyword in PIXELS):
        if sop_class and "Rows" not in dataset:
            raise UnsuitableImage("The DICOM file holds no image: send a mask.")
        raise UnreadableImage(NO_PIXELS)
    segments = len(dataset.get("SegmentSequence") or ()) if sop_class in _SEGMENTATIONS else 1
    if frames > max(segments, 1):
        raise UnsuitableImage("The DICOM file has frames of several images: send the mask of one radiograph.")


def _sop_class(dataset: Dataset) -> str:
    return text(dataset, "SOPClassUID") or text(dataset.file_meta, "MediaStorageSOPClassUID")
