"""The DICOM objects that a segmentation can be written as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...checkpoint import CheckpointMetadata
    from ...segmentation import Segmentation


class Form(StrEnum):
    """DICOM objects by name."""

    SEG = "seg"
    LABELMAP = "labelmap"
    SC = "sc"
    SC_OUTLINES = "sc-outlines"
    GSPS = "gsps"
    SR = "sr"


FORMS = tuple(Form)
ALL_PIXELS = frozenset({Form.SC, Form.SC_OUTLINES})
"""Forms that show the radiograph: it must be read at full size."""


def write_form(segmentation: Segmentation, metadata: CheckpointMetadata, form: Form) -> bytes:
    """Return one object as the bytes of a file.

    Args:
        segmentation: Of a DICOM image.
        metadata: Of the checkpoint that made it.
        form: The object to write.

    Raises:
        SizeMismatch: The labels do not have the size of the radiograph.
        UnsuitableImage: The radiograph is not DICOM, or the form is not possible for it.
    """
    (written,) = (data for _, data in write_forms(segmentation, metadata, [form]))
    return written


def write_forms(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    forms: Iterable[Form],
    *,
    series_uid: Callable[[Form], str] | None = None,
) -> Iterator[tuple[Form, bytes]]:
    """Yield the objects of one segmentation; the report refers to the SEG by its series UID.

    Args:
        segmentation: Of a DICOM image.
        metadata: Of the checkpoint that made it.
        forms: What to write.
        series_uid: Series UID of a form; None derives it from the radiograph, the weights and Pleura's
            version.

    Raises:
        SizeMismatch: The labels do not have the size of the radiograph.
        UnsuitableImage: The radiograph is not DICOM, or a form is not possible for it.
    """
    from .presentation_state import presentation_state
    from .report import report
    from .secondary_capture import secondary_capture
    from .seg import dicom_seg

    seg: bytes | None = None

    def the_seg() -> bytes:
        nonlocal seg
        seg = seg or dicom_seg(segmentation, metadata, series_instance_uid=_uid(Form.SEG))
        return seg

    def _uid(form: Form) -> str | None:
        return None if series_uid is None else series_uid(form)

    for form in forms:
        uid = _uid(form)
        match form:
            case Form.SEG:
                written = the_seg()
            case Form.LABELMAP:
                written = dicom_seg(segmentation, metadata, labelmap=True, series_instance_uid=uid)
            case Form.SC:
                written = secondary_capture(segmentation, metadata, series_instance_uid=uid)
            case Form.SC_OUTLINES:
                written = secondary_capture(segmentation, metadata, text=False, series_instance_uid=uid)
            case Form.GSPS:
                written = presentation_state(segmentation, metadata, series_instance_uid=uid)
            case Form.SR:
                written = report(segmentation, metadata, series_instance_uid=uid, seg=the_seg())
        yield form, written
