"""From what a client accepts to what is written (RFC 9110, section 12.5.1)."""

from enum import StrEnum

from model.radiograph import Radiograph

from .errors import NotAcceptable, NotDicom


class Media(StrEnum):
    """What an answer may be; where a client does not care, the first."""

    JSON = "application/json"
    PNG = "image/png"
    DICOM = "application/dicom"


BYTES = "application/octet-stream"
"""What generated clients ask for where they know no better type."""


def acceptable(accept: str) -> list[Media]:
    """What may be answered, the most wanted first.

    Raises:
        NotAcceptable: none of it.
    """
    ranges = _ranges(accept)
    wanted = {media: _quality(media, ranges) for media in Media}
    found = sorted((media for media in Media if wanted[media] > 0), key=lambda media: -wanted[media])
    if not found:
        raise NotAcceptable(
            f"Accept names nothing that can be answered here. Accept one of {', '.join(Media)}."
        )
    return found


def file_type(accept: str, media: Media) -> str:
    """The Content-Type of a file that is always ``media``: that, unless plain bytes are preferred."""
    ranges = _ranges(accept)
    return BYTES if _quality(BYTES, ranges) > _quality(media, ranges) else media


def choose(media: list[Media], radiograph: Radiograph) -> Media:
    """The most wanted that this radiograph can be answered with.

    Raises:
        NotDicom: only DICOM is wanted, and the radiograph is none.
    """
    for one in media:
        if one is not Media.DICOM or radiograph.dataset is not None:
            return one
    raise NotDicom("A DICOM SEG refers to a DICOM image. Send one, or ask for JSON or PNG.")


def _ranges(accept: str) -> list[tuple[str, float]]:
    return [_range(part) for part in accept.split(",")] if accept.strip() else [("*/*", 1.0)]


def _range(part: str) -> tuple[str, float]:
    """A media range in lower case and its quality; one that cannot be read counts as not given."""
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
    """The quality of the most specific range that covers ``media``; 0 where none does."""
    for pattern in (media, f"{media.partition('/')[0]}/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0
