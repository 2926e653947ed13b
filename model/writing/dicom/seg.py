"""The lungs and the heart as a DICOM Segmentation object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...heart import HEART
from ...lungs import LEFT, RIGHT
from ...quiet import quiet
from ..colours import STRUCTURE_COLOURS
from .derivation import Derivation, unknown_class, with_content_uid
from .seg_words import SEGMENTATION, comments, trust_in_words

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

    from ...checkpoint import CheckpointMetadata
    from ...segmentation import Segmentation
    from .authorship import Authorship

SEGMENTS = {
    RIGHT: ("3341006", "Right lung"),
    LEFT: ("44029006", "Left lung"),
    HEART: ("80891009", "Heart"),
}
"""SNOMED CT code and meaning of each segment by number, also the number of its frame in a BINARY SEG."""

_NO_SPACING_MM = (1.0, 1.0)
_SLICE_THICKNESS_MM = 1.0


def dicom_seg(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    *,
    labelmap: bool = False,
    series_instance_uid: str | None = None,
    authorship: Authorship | None = None,
) -> bytes:
    """Return a DICOM Segmentation (Explicit VR Little Endian) of the lungs in one radiograph.

    Segment 1 is the right lung, segment 2 the left lung and, if the checkpoint segments hearts, segment 3
    the heart. The frame of a structure that was not found is empty. The property types are SNOMED CT
    3341006 (right lung), 44029006 (left lung) and 80891009 (heart), the category is 91723000 (anatomical
    structure). Patient and study are those of the source, to which each frame refers (see `source_of`).
    Text is UTF-8.

    The segmentation and the source have the same pixel grid. A radiograph has no geometry in space, but
    viewers and readers require one, so every frame is in the plane x, y at the origin with the source's
    spacing, or 1 mm if it is unknown.

    Series Description, Content Description and Segment Description say whether the mask is trusted. Image
    Comments has one line for each field of `trust_fields`, for the source of the sides and of the
    spacing, and for each warning.

    Dates and times are those of the source. The series UID is derived from the source, the weights and
    Pleura's version, and the instance UID from the whole content. Objects with the same UID have the same
    bytes, so that a PACS stores an object once even if it is sent twice.

    Args:
        segmentation: The segmentation of a DICOM image.
        metadata: The metadata of the checkpoint that made it.
        labelmap: Write type LABELMAP, one frame of segment numbers, instead of BINARY, one 1-bit frame per
            segment. Few programs read it yet.
        series_instance_uid: The UID of an existing series; None derives one.
        authorship: Of labels that a person drew or corrected, written instead of the trust; None: the
            network made them.

    Raises:
        SizeMismatch: The labels do not have the source's size.
        UnsuitableImage: The source is not DICOM, or lacks an attribute that a segmentation must refer to.
    """
    with quiet():
        origin = Derivation.of(segmentation, metadata)
        made = _make(
            segmentation, origin, labelmap=labelmap, series=series_instance_uid, authorship=authorship
        )
        _lay_in_a_plane(made, segmentation.radiograph.spacing_mm)
        return _with_its_uids(made)


def _make(
    segmentation: Segmentation,
    origin: Derivation,
    *,
    labelmap: bool,
    series: str | None,
    authorship: Authorship | None,
) -> Dataset:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation as Seg
    from pydicom.sr.codedict import codes

    from ...reading.dicom.sides import patient_orientation

    dataset, quality = segmentation.radiograph.dataset, segmentation.quality
    assert dataset is not None
    kind = "LABELMAP" if labelmap else "BINARY"
    algorithm = AlgorithmIdentificationSequence(
        name=origin.name,
        family=codes.cid7162.ArtificialIntelligence,
        version=origin.version,
        parameters={"threshold": f"{origin.threshold:g}"},
    )
    trust = trust_in_words(quality) if authorship is None else authorship.description
    segments = (RIGHT, LEFT) if segmentation.heart_mask is None else (RIGHT, LEFT, HEART)
    try:
        made = Seg(
            source_images=[origin.source],
            pixel_array=segmentation.structures,
            segmentation_type=kind,
            segment_descriptions=[_describe(label, algorithm, trust, authorship) for label in segments],
            omit_empty_frames=False,
            content_label="LUNGS",
            content_description=trust,
            **origin.arguments(
                segmentation,
                kind,
                noun=SEGMENTATION,
                block=9,
                series_instance_uid=series,
                authorship=authorship,
            ),
        )
    except KeyError:
        raise unknown_class() from None
    # The segmentation has the source's rows and columns.
    made.PatientOrientation = patient_orientation(dataset)
    made.ImageComments = comments(segmentation, authorship)
    return made


def _lay_in_a_plane(made: Dataset, spacing_mm: tuple[float, float] | None) -> None:
    """Add the geometry that viewers require; highdicom adds none without a frame of reference."""
    from highdicom import PixelMeasuresSequence
    from pydicom import Dataset

    orientation, position = Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    position.ImagePositionPatient = [0, 0, 0]
    (shared,) = made.SharedFunctionalGroupsSequence
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelMeasuresSequence = PixelMeasuresSequence(spacing_mm or _NO_SPACING_MM, _SLICE_THICKNESS_MM)
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.PlanePositionSequence = [position]


def _describe(
    label: int, algorithm: AlgorithmIdentificationSequence, trust: str, authorship: Authorship | None
) -> SegmentDescription:
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    code, meaning = SEGMENTS[label]
    algorithm_type = "AUTOMATIC" if authorship is None else authorship.algorithm_type
    description = SegmentDescription(
        segment_number=label,
        segment_label=meaning,
        segmented_property_category=codes.cid7150.AnatomicalStructure,
        segmented_property_type=Code(code, "SCT", meaning),
        algorithm_type=algorithm_type,
        algorithm_identification=None if algorithm_type == "MANUAL" else algorithm,
        display_color=CIELabColor.from_rgb(*STRUCTURE_COLOURS[label]),
    )
    description.SegmentDescription = trust
    return description


def _with_its_uids(made: Dataset) -> bytes:
    """Encode the object with UIDs derived from its content, and without its creation time."""
    from pydicom.uid import generate_uid

    organization = generate_uid(entropy_srcs=["dimensions", made.SeriesInstanceUID])
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    return with_content_uid(made)
