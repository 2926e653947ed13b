"""The DICOM SEG of a radiograph from a PACS, or the reason why none is stored."""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from model.segmenter import Segmenter
from model.writing.dicom.seg import dicom_seg

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


def series_uid(instance: str, segmenter: Segmenter) -> str:
    """Return the series UID for the segmentation of an instance.

    It depends only on the instance and the weights. So the PACS can be asked whether an instance was
    segmented, and a new version of Pleura with the same weights does not segment it again.
    """
    return str(generate_uid(entropy_srcs=["pleura pacs", instance, segmenter.metadata.sha256]))


def segment(
    data: bytes, *, instance: Instance, segmenter: Segmenter, selection: Selection, store_untrusted: bool
) -> Dataset:
    """Return a DICOM SEG of the lungs.

    Args:
        data: the file of the radiograph.
        instance: the instance that was requested.
        segmenter: makes the mask.
        selection: what the radiograph must match.
        store_untrusted: also return a mask that is not trusted; the segmentation then states it.

    Raises:
        ImageError: the radiograph cannot be read or is not suitable.
        Refused: the PACS returned another instance.
        LeftOut: the radiograph does not match the selection.
        EngineError: the network could not be run.
        Withheld: no lung was found, or the mask is not trusted.
    """
    prepared = segmenter.prepare(data)
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
    made = dicom_seg(
        segmentation, segmenter.metadata, series_instance_uid=series_uid(instance.uid, segmenter)
    )
    return dcmread(BytesIO(made))
