"""From what a client accepts to what is written (RFC 9110, section 12.5.1)."""

from enum import StrEnum
from typing import NamedTuple

from model.radiograph import Radiograph

from .errors import NotAcceptable, NotDicom
from .options import DicomForm


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
            f"Accept names nothing that can be answered here. Accept one of {', '.join(Media)}; "
            f"the form of DICOM is one of {', '.join(DicomForm)}."
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
    """One that cannot be read, or asks for an unknown form of DICOM, counts as not given."""
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
    """The quality of the most specific range that covers ``media``; 0 where none does."""
    for pattern in (media, f"{media.partition('/')[0]}/*", "*/*"):
        found = [one.quality for one in ranges if one.name == pattern]
        if found:
            return max(found)
    return 0.0
