"""DICOM Segmentation: the lungs as a PACS stores them."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import SizeMismatch, UnsuitableImage
from ..lungs import LEFT, RIGHT
from ..quiet import quiet
from ..version import installed_version
from .trust import MESSAGES, trust_fields

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

    from ..checkpoint import CheckpointMetadata
    from ..quality import Quality
    from ..segmentation import Segmentation

_SERIES_NUMBER = 9001
"""High, so that it seldom meets a number of the modality's own series; viewers list it last."""
_DESCRIPTION = "Lung segmentation"
UNTRUSTED = f"{_DESCRIPTION}, not trusted"
"""Series description of a mask that is not trusted: viewers show it."""

_NOT_YET = "2.25.0"
"""Instance UID until the object is whole: its own follows from all else that is in it."""


def dicom_seg(
    segmentation: Segmentation, metadata: CheckpointMetadata, *, series_instance_uid: str | None = None
) -> bytes:
    """Write a DICOM Segmentation (type BINARY, Explicit VR Little Endian) of the lungs in one radiograph.

    Segment 1 is the right lung, segment 2 the left one, always both: the frame of a lung that was not found is empty. The property
    types are SNOMED CT 3341006 (right lung) and 44029006 (left lung), the category is 91723000 (anatomical structure). Patient and
    study are those of the source, which each frame refers to (see `source_of`). Text is UTF-8. A radiograph has no frame of
    reference, so there are no plane positions: the segmentation lies on the source pixel by pixel.

    Series Description, Content Description and Segment Description say whether the mask is trusted; Image Comments hold the
    fields of `trust_fields`, what the sides and the spacing go by, and each warning, a line each.

    Dates and times are the source's. The series' UID follows from the source, the weights and Pleura's version, the instance's
    from all that is in it: what has the same UID has the same bytes, and a PACS that is sent it twice keeps one.

    Args:
        segmentation: of a DICOM image.
        metadata: of the checkpoint that made it.
        series_instance_uid: the series that it is to be in; None makes one.

    Raises:
        SizeMismatch: the labels are not of the source's size.
        UnsuitableImage: the source is no DICOM, or lacks an attribute that a segmentation has to refer to.
    """
    from .dicom_source import source_of

    dataset, labels = segmentation.radiograph.dataset, segmentation.labels
    if dataset is None:
        raise UnsuitableImage(
            "A DICOM segmentation refers to a DICOM image: ask for another format for this one."
        )
    with quiet():
        source = source_of(dataset)
        if labels.shape != (source.Rows, source.Columns):
            raise SizeMismatch(
                f"The labels are {labels.shape[1]}×{labels.shape[0]} pixels and the DICOM image "
                f"{source.Columns}×{source.Rows}: make the segmentation at the image's size."
            )
        return _encode(segmentation, metadata, dataset, source, series_instance_uid)


def _encode(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    dataset: Dataset,
    source: Dataset,
    series_instance_uid: str | None,
) -> bytes:
    from highdicom import AlgorithmIdentificationSequence, PixelMeasuresSequence
    from highdicom.seg import Segmentation as Seg
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    from ..reading.dicom.sides import patient_orientation
    from .dicom_source import moment_of

    name, version = _long_string(metadata.name), f"{installed_version()}+{metadata.sha256[:12]}"
    algorithm = AlgorithmIdentificationSequence(
        name=name,
        family=codes.cid7162.ArtificialIntelligence,
        version=version,
        parameters={"threshold": f"{segmentation.threshold:g}"},
    )
    trust = trust_in_words(segmentation.quality)
    spacing_mm = segmentation.radiograph.spacing_mm
    made_of = [source.SOPInstanceUID, name, version]
    date, time = moment_of(dataset)
    try:
        made = Seg(
            source_images=[source],
            pixel_array=segmentation.labels,
            segmentation_type="BINARY",
            segment_descriptions=[_describe(label, algorithm, trust) for label in (RIGHT, LEFT)],
            series_instance_uid=series_instance_uid or generate_uid(entropy_srcs=["series", *made_of]),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=_NOT_YET,
            instance_number=1,
            manufacturer="Pleura",
            manufacturer_model_name=name,
            software_versions=version,
            device_serial_number="none",
            omit_empty_frames=False,
            content_label="LUNGS",
            content_description=trust,
            content_date=date,
            content_time=time,
            series_description=_DESCRIPTION if segmentation.quality.trusted else UNTRUSTED,
            specific_character_set="ISO_IR 192",
            pixel_measures=None if spacing_mm is None else PixelMeasuresSequence(spacing_mm, None),
        )
    except KeyError:
        raise UnsuitableImage(
            "No DICOM segmentation can refer to this image, as its SOPClassUID is of no image that is known: "
            "send the instance as the PACS holds it, or ask for PNG or JSON."
        ) from None
    # The source's rows and columns are the segmentation's.
    made.PatientOrientation = patient_orientation(dataset)
    made.ImageComments = _comments(segmentation)
    return _with_its_uids(made)


def _long_string(text: str) -> str:
    """Make a value of the representation LO: 64 characters, none of them a separator or for control."""
    return "".join(
        "_" if character == "\\" or not character.isprintable() else character for character in text
    )[:64]


def trust_in_words(quality: Quality) -> str:
    """Say in at most 64 characters whether a mask is trusted, and its predicted IoU."""
    iou = "unknown" if quality.predicted_iou is None else f"{round(quality.predicted_iou, 3):g}"
    return f"{'Trusted' if quality.trusted else 'Not trusted'}, predicted IoU {iou}"


def _comments(segmentation: Segmentation) -> str:
    fields = trust_fields(segmentation.quality) | {
        "Pleura-Sides-From": segmentation.sides_from,
        "Pleura-Spacing-Plane": segmentation.radiograph.spacing_plane or "none",
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"{MESSAGES}: {warning.message}" for warning in segmentation.quality.warnings]
    return "\r\n".join(lines)


def _describe(label: int, algorithm: AlgorithmIdentificationSequence, trust: str) -> SegmentDescription:
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    code, meaning = {RIGHT: ("3341006", "Right lung"), LEFT: ("44029006", "Left lung")}[label]
    description = SegmentDescription(
        segment_number=label,
        segment_label=meaning,
        segmented_property_category=codes.cid7150.AnatomicalStructure,
        segmented_property_type=Code(code, "SCT", meaning),
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm,
    )
    description.SegmentDescription = trust
    return description


def _with_its_uids(made: Dataset) -> bytes:
    """Encode the object with UIDs that follow from all else in it, and without the time at which it is made."""
    from pydicom.uid import generate_uid

    del made.InstanceCreationDate, made.InstanceCreationTime
    for equipment in made.ContributingEquipmentSequence:
        if equipment.get("ManufacturerModelName") == "highdicom":
            del equipment.ContributionDateTime
    organization = generate_uid(entropy_srcs=["dimensions", made.SeriesInstanceUID])
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    digest = hashlib.sha256(_file(made)).hexdigest()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=["instance", digest]
    )
    return _file(made)


def _file(made: Dataset) -> bytes:
    file = BytesIO()
    made.save_as(file)
    return file.getvalue()
