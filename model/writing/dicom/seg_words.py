"""The texts of a DICOM Segmentation for people: its source, whether it is trusted, and the warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..trust import MESSAGES, trust_fields

if TYPE_CHECKING:
    from pydicom import Dataset

    from ...quality import Quality
    from ...segmentation import Segmentation
    from .authorship import Authorship

SEGMENTATION = "Lung segmentation"
"""The beginning of a segmentation's series description."""

NOT_TRUSTED = ", not trusted"
"""The suffix for a mask that is not trusted."""

_LONGEST = 64
"""The most characters of representation LO (PS3.5 6.2)."""
_BLOCK = 1_000_000
"""High, so that it differs from the numbers of the modality's series, and viewers list it last."""
_OF_EACH = 1000


def series_description(
    quality: Quality, source: Dataset, *, noun: str = SEGMENTATION, authorship: Authorship | None = None
) -> str:
    """Return the description, as ``Lung segmentation, not trusted (series 2, image 1, PA)``.

    Args:
        quality: Whether the mask is trusted.
        source: The radiograph, whose series, image and view are named.
        noun: The beginning.
        authorship: Of a mask that a person drew or corrected; None: the network made it.

    Returns:
        At most 64 characters, as representation LO allows.
    """
    words = noun if quality.trusted else noun + NOT_TRUSTED
    if authorship is not None:
        words = noun + authorship.suffix
    series, image, view = (source.get(name) for name in ("SeriesNumber", "InstanceNumber", "ViewPosition"))
    film = [*([f"series {series}"] if series else []), *([f"image {image}"] if image else [])]
    film += [view] if view else []
    return (f"{words} ({', '.join(film)})" if film else words)[:_LONGEST]


def series_number(source: Dataset, *, block: int = 9) -> int:
    """Return a series number for each image of a study, derived from the series and image numbers.

    Args:
        source: The radiograph.
        block: The number's millions, which differ for each form.
    """
    series, image = (int(source.get(name) or 0) % _OF_EACH for name in ("SeriesNumber", "InstanceNumber"))
    return _BLOCK * block + _OF_EACH * series + image


def trust_in_words(quality: Quality) -> str:
    """Return whether a mask is trusted, and its predicted IoU, in at most 64 characters."""
    iou = "unknown" if quality.predicted_iou is None else f"{round(quality.predicted_iou, 4):g}"
    return f"{'Trusted' if quality.trusted else 'Not trusted'}, predicted IoU {iou}"


def comments(segmentation: Segmentation, authorship: Authorship | None = None) -> str:
    """Return lines ``name: value``, first the fields for programs, then messages for people.

    Args:
        segmentation: The segmentation.
        authorship: Of a mask that a person drew or corrected, written instead of the trust; None: the network
            made it.
    """
    quality, radiograph = segmentation.quality, segmentation.radiograph
    made = (
        trust_fields(quality) if authorship is None else {"Pleura-Author": authorship.algorithm_type.lower()}
    )
    fields = made | {
        "Pleura-Sides-From": segmentation.sides_from,
        "Pleura-Spacing-Plane": radiograph.spacing_plane or "none",
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"{MESSAGES}: {warning.message}" for warning in quality.warnings]
    if radiograph.spacing_mm is None:
        lines.append("Note: The pixel spacing is unknown; 1 mm stands for it.")
    return "\r\n".join(lines)
