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
        codes: codes of the warnings about the mask.
    """

    def __init__(self, outcome: str, codes: tuple[str, ...]) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.codes = codes


class LeftOut(Exception):
    """The radiograph does not match the selection.

    Attributes:
        filter: the name of the filter that it does not match.
    """

    def __init__(self, filter_: str) -> None:
        super().__init__(filter_)
        self.filter = filter_


def series_uid(instance: str, segmenter: Segmenter, form: Form = Form.SEG) -> str:
    """Return the series UID for a result of an instance.

    It depends only on the instance, the weights and the form. So the PACS can be asked whether an
    instance was segmented, and a new version of Pleura with the same weights does not segment it again.
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
        data: the file of the radiograph.
        instance: the instance that was requested.
        segmenter: makes the mask.
        selection: what the radiograph must match.
        store_untrusted: also return a mask that is not trusted; the results then state it.
        all_pixels: whether the radiograph will be shown.

    Raises:
        ImageError: the radiograph cannot be read or is not suitable.
        Refused: the PACS returned another instance.
        LeftOut: the radiograph does not match the selection.
        EngineError: the network could not be run.
        Withheld: no lung was found, or the mask is not trusted.
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

    Raises:
        UnsuitableImage: the form is not possible for this radiograph.
    """
    ((_, data),) = write_forms(
        segmentation,
        segmenter.metadata,
        [form],
        series_uid=lambda one: series_uid(instance.uid, segmenter, one),
    )
    return dcmread(BytesIO(data))
