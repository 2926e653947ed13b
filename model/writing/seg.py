"""DICOM Segmentation: the lungs as a PACS stores them."""

from __future__ import annotations

import hashlib
import logging
import math
import struct
import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import SizeMismatch, UnsuitableImage
from ..lungs import LEFT, RIGHT

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom import DataElement, Dataset

_REQUIRED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Rows",
    "Columns",
)
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "PatientOrientation",
)
_FIXED_FORM = {"AS", "CS", "DA", "DS", "DT", "IS", "TM"}
"""Representations whose values have a form; what breaks it is left out, where text is carried over as it is."""

_INVALID_HEADER = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom and highdicom raise as they read values that are not what their representation says."""

_SERIES_NUMBER = 9001
"""High, so that it seldom meets a number of the modality's own series; viewers list it last."""


def dicom_seg(
    dataset: Dataset,
    labels: NDArray[np.uint8],
    *,
    algorithm_name: str,
    algorithm_version: str,
    series_instance_uid: str | None = None,
) -> bytes:
    """A DICOM Segmentation (type BINARY, Explicit VR Little Endian) of the lungs in one radiograph.

    Segment 1 is the right lung, segment 2 the left one, always both: the frame of a lung that was not found is empty. The property
    types are SNOMED CT 3341006 (right lung) and 44029006 (left lung), the category is 91723000 (anatomical structure). Patient and
    study are those of the source, which each frame refers to; what it lacks of them, or holds in a form that the standard does not
    allow, stays empty. Text is UTF-8. A radiograph has no frame of reference, so there are no plane positions: the segmentation
    lies on the source pixel by pixel.

    The UIDs follow from the source, the algorithm and the labels: the same segmentation made twice is the same instance, so a
    PACS that is sent it twice keeps one.

    Args:
        dataset: the source instance's attributes; pixels are not needed.
        labels: ``(Rows, Columns)`` uint8 as of `label_lungs`.
        algorithm_name: what made the labels, at most 64 characters.
        algorithm_version: its version, at most 64 characters.
        series_instance_uid: the series that it is to be in; None makes one of the source and the algorithm.

    Raises:
        SizeMismatch: the labels are not of the source's size.
        UnsuitableImage: the source lacks an attribute that a segmentation has to refer to, or holds one that cannot be read.
    """
    from pydicom.errors import BytesLengthException

    _keep_headers_out_of_logs()
    try:
        source = _source(dataset)
        if labels.shape != (source.Rows, source.Columns):
            raise SizeMismatch(
                f"The labels are {labels.shape[1]}×{labels.shape[0]} pixels and the DICOM image "
                f"{source.Columns}×{source.Rows}: make the segmentation at the image's size."
            )
        return _encode(
            source, labels, name=algorithm_name, version=algorithm_version, series=series_instance_uid
        )
    except (BytesLengthException, *_INVALID_HEADER) as error:
        raise UnsuitableImage(
            "No DICOM segmentation can refer to this image, as its header does not follow the standard: "
            "mend the header, or ask for PNG or JSON."
        ) from error


def _keep_headers_out_of_logs() -> None:
    """Both libraries quote values of the header in warnings and logs, where a patient's data has no place."""
    warnings.filterwarnings("ignore", category=UserWarning, module=r"(pydicom|highdicom)\.")
    for library in ("pydicom", "highdicom"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _source(dataset: Dataset) -> Dataset:
    """The source as highdicom can take it; its elements are shared, not copied."""
    source = dataset[:]
    missing = [keyword for keyword in _REQUIRED if not source.get(keyword)]
    if missing:
        raise UnsuitableImage(
            f"No DICOM segmentation can refer to this image, as it has no {', '.join(missing)}: "
            "send the instance as the PACS holds it, or ask for PNG or JSON."
        )
    carried = [
        *source.group_dataset(0x0010),
        *(source[keyword] for keyword in _MAY_BE_EMPTY if keyword in source),
    ]
    for element in carried:
        if not _has_its_form(element):
            source.pop(element.tag, None)
    if source.get("PatientSex") not in ("M", "F", "O", ""):
        source.PatientSex = None
    if not _is_spacing(source.get("PixelSpacing")):
        source.pop("PixelSpacing", None)
    for keyword in _MAY_BE_EMPTY:
        if keyword not in source:
            setattr(source, keyword, None)
    return source


def _is_spacing(value: object) -> bool:
    return (
        isinstance(value, Sequence) and len(value) == 2 and all(0 < float(side) < math.inf for side in value)
    )


def _has_its_form(element: DataElement) -> bool:
    from pydicom.config import RAISE
    from pydicom.valuerep import validate_value

    if element.VR not in _FIXED_FORM or element.is_empty:
        return True
    try:
        for value in element.value if element.VM > 1 else [element.value]:
            validate_value(element.VR, str(value), RAISE)
    except ValueError:
        return False
    return True


def _encode(
    source: Dataset, labels: NDArray[np.uint8], *, name: str, version: str, series: str | None
) -> bytes:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    algorithm = AlgorithmIdentificationSequence(
        name=name, family=codes.cid7162.ArtificialIntelligence, version=version
    )
    made_of = [source.SOPInstanceUID, name, version]
    digest = hashlib.sha256(labels.tobytes()).hexdigest()
    segmentation = Segmentation(
        source_images=[source],
        pixel_array=labels,
        segmentation_type="BINARY",
        segment_descriptions=[_describe(RIGHT, algorithm), _describe(LEFT, algorithm)],
        series_instance_uid=series or generate_uid(entropy_srcs=["series", *made_of]),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=generate_uid(entropy_srcs=["instance", *made_of, digest]),
        instance_number=1,
        manufacturer="Pleura",
        manufacturer_model_name=name,
        software_versions=version,
        device_serial_number="none",
        omit_empty_frames=False,
        content_label="LUNGS",
        content_description="Lungs in a chest radiograph",
        series_description="Lung segmentation",
        specific_character_set="ISO_IR 192",
    )
    # The source's rows and columns are the segmentation's.
    segmentation.PatientOrientation = source.PatientOrientation
    file = BytesIO()
    segmentation.save_as(file)
    return file.getvalue()


def _describe(label: int, algorithm: AlgorithmIdentificationSequence) -> SegmentDescription:
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    code, meaning = {RIGHT: ("3341006", "Right lung"), LEFT: ("44029006", "Left lung")}[label]
    return SegmentDescription(
        segment_number=label,
        segment_label=meaning,
        segmented_property_category=codes.cid7150.AnatomicalStructure,
        segmented_property_type=Code(code, "SCT", meaning),
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm,
    )
