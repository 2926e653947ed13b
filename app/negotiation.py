"""Content negotiation: the media type of an answer (RFC 9110, 12.5.1)."""

from enum import StrEnum
from typing import NamedTuple

from model.radiograph import Radiograph

from .errors import NotAcceptable, NotDicom
from .options import DicomForm


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
            f"The Accept header names no type that is available here. Accept one of {', '.join(Media)}; "
            f"the form of DICOM is one of {', '.join(DicomForm)}."
        )
    return found


def file_type(accept: str, media: Media) -> str:
    """Return the Content-Type of a ``media`` file: ``media``, unless plain bytes are preferred.

    Args:
        accept: The Accept header; empty accepts all.
        media: The type of the file.
    """
    ranges = _ranges(accept)
    return BYTES if _quality(BYTES, ranges) > _quality(media, ranges) else media


def choose(media: list[Media], radiograph: Radiograph) -> Media:
    """Return the preferred type that is available for this radiograph.

    Args:
        media: The acceptable types, the preferred first.
        radiograph: DICOM is available only for a DICOM image.

    Raises:
        NotDicom: Only DICOM is acceptable, and the radiograph is not DICOM.
    """
    for one in media:
        if one is not Media.DICOM or radiograph.dataset is not None:
            return one
    raise NotDicom("A DICOM object refers to a DICOM image. Send one, or ask for JSON or PNG.")


def accepted_form(accept: str) -> DicomForm | None:
    """Return the form in ``application/dicom; form=sr``: of the most wanted range with one, else None."""
    ranges = [one for one in _ranges(accept) if one.name == Media.DICOM and one.form and one.quality > 0]
    return max(ranges, key=lambda one: one.quality).form if ranges else None


class _Range(NamedTuple):
    """A media range in lower case."""

    name: str
    quality: float = 1.0
    form: DicomForm | None = None


def _ranges(accept: str) -> list[_Range]:
    return [_range(part) for part in accept.split(",")] if accept.strip() else [_Range("*/*")]


def _range(part: str) -> _Range:
    """Return a media range; an invalid quality or an unknown form of DICOM makes its quality 0."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    found = _Range(name)
    for parameter in parameters:
        key, _, value = (piece.strip().strip('"') for piece in parameter.partition("="))
        try:
            if key == "q":
                found = found._replace(quality=float(value))
            elif key == "form" and name == Media.DICOM:
                found = found._replace(form=DicomForm(value))
        except ValueError:
            return _Range(name, quality=0.0)
    return found


def _quality(media: str, ranges: list[_Range]) -> float:
    """Return the quality of the most specific range that covers ``media``; 0 if none does."""
    for pattern in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [one.quality for one in ranges if one.name == pattern]
        if found:
            return max(found)
    return 0.0
