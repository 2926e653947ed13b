"""Content negotiation: the media type of an answer (RFC 9110, 12.5.1)."""

from enum import StrEnum

from model.radiograph import Radiograph

from .errors import NotAcceptable, NotDicom


class Media(StrEnum):
    """The media types of answers; the first is the default."""

    JSON = "application/json"
    PNG = "image/png"
    DICOM = "application/dicom"


BYTES = "application/octet-stream"
"""The media type that generated clients ask for when they know no better one."""


def acceptable(accept: str) -> list[Media]:
    """Return the acceptable media types, the preferred one first.

    Raises:
        NotAcceptable: No type is acceptable.
    """
    ranges = _ranges(accept)
    wanted = {media: _quality(media, ranges) for media in Media}
    found = sorted((media for media in Media if wanted[media] > 0), key=lambda media: -wanted[media])
    if not found:
        raise NotAcceptable(
            f"The Accept header names no type that is available here. Accept one of {', '.join(Media)}."
        )
    return found


def file_type(accept: str, media: Media) -> str:
    """Return the Content-Type of a ``media`` file: ``media``, unless plain bytes are preferred."""
    ranges = _ranges(accept)
    return BYTES if _quality(BYTES, ranges) > _quality(media, ranges) else media


def choose(media: list[Media], radiograph: Radiograph) -> Media:
    """Return the preferred type that is available for this radiograph.

    Raises:
        NotDicom: Only DICOM is acceptable, and the radiograph is not DICOM.
    """
    for one in media:
        if one is not Media.DICOM or radiograph.dataset is not None:
            return one
    raise NotDicom("A DICOM SEG refers to a DICOM image. Send one, or ask for JSON or PNG.")


def _ranges(accept: str) -> list[tuple[str, float]]:
    return [_range(part) for part in accept.split(",")] if accept.strip() else [("*/*", 1.0)]


def _range(part: str) -> tuple[str, float]:
    """Return a media range in lower case and its quality; an invalid quality counts as 0."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that covers ``media``; 0 if none does."""
    for pattern in (media, f"{media.partition('/')[0]}/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0
