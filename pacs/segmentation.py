"""From the bytes of a radiograph to a DICOM SEG for the PACS, or to why there is none."""

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
    """There is a mask, but not one to be stored.

    Attributes:
        outcome: ``"no lung"`` or ``"not trusted"``.
        codes: of the warnings that speak against it.
    """

    def __init__(self, outcome: str, codes: tuple[str, ...]) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.codes = codes


class LeftOut(Exception):
    """The radiograph is none of those that are wanted.

    Attributes:
        filter: the name of the one that it does not match.
    """

    def __init__(self, filter_: str) -> None:
        super().__init__(filter_)
        self.filter = filter_


def series_uid(instance: str, segmenter: Segmenter) -> str:
    """The series that an instance's segmentation goes into.

    It follows from the instance and the weights alone, so that whether an instance was done can be asked of the PACS, and a new
    version of Pleura does nothing anew.
    """
    return str(generate_uid(entropy_srcs=["pleura pacs", instance, segmenter.metadata.sha256]))


def segment(
    data: bytes, *, instance: Instance, segmenter: Segmenter, selection: Selection, store_untrusted: bool
) -> Dataset:
    """A DICOM SEG of the lungs.

    Args:
        data: the radiograph's file.
        instance: what it is known as.
        segmenter: what makes the mask.
        selection: what it must be.
        store_untrusted: also where the mask is not trusted; the segmentation then says so.

    Raises:
        ImageError: the radiograph cannot be read or is not suitable.
        Refused: the PACS gave another instance.
        LeftOut: it is none of those that are wanted.
        EngineError: the network could not be run.
        Withheld: no lung was found, or the mask is not trusted.
    """
    prepared = segmenter.prepare(data)
    source = prepared.radiograph.dataset
    if source is None or source.get("SOPInstanceUID") != instance.uid:
        raise Refused("another instance than was asked for")
    # Here and not before, as a search need not give all of it. The network does not run for what is not wanted.
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
