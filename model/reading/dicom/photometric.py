"""The photometric interpretation (PS3.3 C.7.6.3.1.2), inversion, and the relation to the beam's intensity."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset, uid

from ...errors import UnreadableImage, UnsupportedImage
from .dataset import integer, is_empty, one_of, text

_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


@dataclass(frozen=True, slots=True)
class Photometric:
    """The photometric interpretation.

    Attributes:
        name: In the standard's spelling (PS3.3 C.7.6.3.1.2).
        assumed: Whether the file does not say it.
    """

    name: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Intensity:
    """The relation of an unprocessed radiograph's values to the X-ray beam.

    Attributes:
        linear: Whether values are proportional to the intensity; else to its logarithm, or unknown.
        rising: Whether higher values mean higher intensity, so that dense tissue is dark.
    """

    linear: bool
    rising: bool


def read_photometric(dataset: Dataset) -> tuple[Photometric, int]:
    """Return the photometric interpretation, and samples per pixel.

    A grey image without it is taken as MONOCHROME2, unless other attributes say that it is inverted.

    Raises:
        UnreadableImage: It is missing in an image with colours, or contradicts the samples per pixel.
        UnsupportedImage: It is not supported.
    """
    if is_empty(dataset, "PhotometricInterpretation"):
        if integer(dataset, "SamplesPerPixel", default=1) != 1:
            raise UnreadableImage("The DICOM file has no PhotometricInterpretation. Export it again.")
        inverse = one_of(dataset, "PresentationLUTShape", ("IDENTITY", "INVERSE"))
        dark_is_dense = inverse == "INVERSE" or (not inverse and _sign(dataset) == 1)
        return Photometric("MONOCHROME1" if dark_is_dense else "MONOCHROME2", assumed=True), 1
    name = one_of(dataset, "PhotometricInterpretation", _GREY + _COLOURS)
    if not name:
        raise UnsupportedImage(
            "The PhotometricInterpretation of the DICOM file is none that is read: "
            "send MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR."
        )
    fitting = 1 if name in _GREY else 3
    samples = integer(dataset, "SamplesPerPixel", default=fitting)
    if samples != fitting:
        raise UnsupportedImage(
            "The PhotometricInterpretation of the DICOM file does not fit its SamplesPerPixel: export it "
            "again."
        )
    return Photometric(name), samples


def is_inverted(dataset: Dataset, photometric: str) -> bool:
    """Return whether the lowest value of a grey image is displayed white.

    PresentationLUTShape repeats this information (PS3.3 C.8.11.3: INVERSE with MONOCHROME1, IDENTITY with
    MONOCHROME2). If the two contradict each other, either may be wrong: the image is inverted once,
    unless the sign of the intensity contradicts this.

    Args:
        dataset: The attributes.
        photometric: MONOCHROME1 or MONOCHROME2.
    """
    shape = one_of(dataset, "PresentationLUTShape", ("IDENTITY", "INVERSE"))
    agreeing = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    if shape in ("", agreeing):
        return photometric == "MONOCHROME1"
    return _sign(dataset) != -1


def raw_intensity(dataset: Dataset) -> Intensity | None:
    """Return the relation of the values to the beam (PS3.3 C.8.11.3.1.2); None if unknown or for display.

    The two attributes define no transformation for display, and they are wrong in many files for
    presentation. They are used for images for processing, and for images without an intent that have no
    display attributes.
    """
    relationship = one_of(dataset, "PixelIntensityRelationship", ("LIN", "LOG", "DISP"))
    sign = _sign(dataset)
    for_processing = _for_processing(dataset)
    if for_processing is None:
        for_processing = relationship != "" and sign != 0 and not _is_for_display(dataset)
    if relationship == "LIN" and sign == 0:
        # Proportional is rising.
        sign = 1
    if not for_processing or relationship == "DISP" or sign == 0:
        return None
    return Intensity(linear=relationship == "LIN", rising=sign == 1)


def _for_processing(dataset: Dataset) -> bool | None:
    intent = one_of(dataset, "PresentationIntentType", ("FOR PROCESSING", "FOR PRESENTATION"))
    if intent:
        return intent == "FOR PROCESSING"
    return text(dataset, "SOPClassUID") == uid.DigitalXRayImageStorageForProcessing or None


def _is_for_display(dataset: Dataset) -> bool:
    return not all(
        is_empty(dataset, keyword) for keyword in ("VOILUTSequence", "WindowCenter", "PresentationLUTShape")
    )


def _sign(dataset: Dataset) -> int:
    """Return 1 if higher values mean higher intensity, -1 if lower, 0 if the file does not say."""
    try:
        sign = integer(dataset, "PixelIntensityRelationshipSign", default=0)
    except UnreadableImage:
        return 0
    # -1 is 65535 if written unsigned.
    return {1: 1, -1: -1, 65535: -1}.get(sign, 0)
