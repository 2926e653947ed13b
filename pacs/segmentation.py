"""The results for a radiograph from a PACS, or the reason why there are none."""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.writing.dicom.forms import Form, write_forms

from .errors import Refused
from .facts import known_from_file
from .listed import Instance
from .selection import Selection


class Withheld(Exception):
    """The mask must not be stored.

    Attributes:
        outcome: ``"no lung"`` or ``"not trusted"``.
        codes: Codes of the warnings about the mask.
    """

    def __init__(self, outcome: str, codes: tuple[str, ...]) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.codes = codes


class LeftOut(Exception):
    """The radiograph does not match the selection.

    Attributes:
        filter: The name of the filter that it does not match.
    """

    def __init__(self, filter_: str) -> None:
        super().__init__(filter_)
        self.filter = filter_


def series_uid(instance: str, segmenter: Segmenter, form: Form = Form.SEG) -> str:
    """Return the series UID for a result of an instance.

    It depends only on the instance, the weights and the form. So the PACS can be asked whether an
    instance was segmented, and a new version of Pleura with the same weights does not segment it again.

    Args:
        instance: SOP Instance UID of the radiograph.
        segmenter: Its weights count.
        form: The form of the result.
    """
    words = [] if form is Form.SEG else [form.value]
    return str(generate_uid(entropy_srcs=["pleura pacs", instance, segmenter.metadata.sha256, *words]))


def segment(
    data: bytes,
    *,
    instance: Instance,
    segmenter: Segmenter,
    selection: Selection,
    store_untrusted: bool,
    all_pixels: bool = False,
) -> Segmentation:
    """Return the lungs in a radiograph.

    Args:
        data: The file of the radiograph.
        instance: The instance that was requested.
        segmenter: Makes the mask.
        selection: What the radiograph must match.
        store_untrusted: Also return a mask that is not trusted; the results then state it.
        all_pixels: Whether the radiograph will be shown.

    Raises:
        ImageError: The radiograph cannot be read or is not suitable.
        Refused: The PACS returned another instance.
        LeftOut: The radiograph does not match the selection.
        EngineError: The network could not be run.
        Withheld: No lung was found, or the mask is not trusted.
    """
    prepared = segmenter.prepare(data, all_pixels=all_pixels)
    source = prepared.radiograph.dataset
    if source is None or source.get("SOPInstanceUID") != instance.uid:
        raise Refused("the PACS returned another instance")
    # Checked again with the file, since a search need not return every attribute; still before the
    # network runs.
    if unwanted := selection.against(known_from_file(source, ae=instance.ae)):
        raise LeftOut(unwanted)
    (inferred,) = segmenter.run([prepared])
    segmentation = segmenter.finish(prepared, inferred)
    codes = tuple(warning.code for warning in segmentation.quality.warnings)
    if segmentation.right is None and segmentation.left is None:
        raise Withheld("no lung", codes)
    if not segmentation.quality.trusted and not store_untrusted:
        raise Withheld("not trusted", codes)
    return segmentation


def result(segmentation: Segmentation, form: Form, *, instance: Instance, segmenter: Segmenter) -> Dataset:
    """Return one result, whose references lead to the results of the other forms.

    Args:
        segmentation: Of the instance.
        form: The form of the result.
        instance: The radiograph.
        segmenter: The segmenter that made the segmentation.

    Raises:
        UnsuitableImage: The form is not possible for this radiograph.
    """
    ((_, data),) = write_forms(
        segmentation,
        segmenter.metadata,
        [form],
        series_uid=lambda one: series_uid(instance.uid, segmenter, one),
    )
    return dcmread(BytesIO(data))
