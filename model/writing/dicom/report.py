"""Structured report (TID 1500): sizes of the lungs, predicted IoU, trust, cardiothoracic ratio."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from ...heart import HEART
from ...lungs import LEFT, RIGHT
from ...quiet import quiet
from .derivation import MANUFACTURER, Derivation, long_string, with_content_uid
from .findings import measurements
from .private_codes import SCHEME, private_code
from .seg import SEGMENTS, dicom_seg
from .seg_words import comments, trust_in_words

if TYPE_CHECKING:
    from highdicom.sr import (
        MeasurementReport,
        MeasurementsAndQualitativeEvaluations,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
    )
    from pydicom import Dataset
    from pydicom.sr.coding import Code

    from ...checkpoint import CheckpointMetadata
    from ...segmentation import Segmentation


def report(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    *,
    series_instance_uid: str | None = None,
    seg: bytes | None = None,
) -> bytes:
    """Write a Comprehensive SR (Explicit VR Little Endian) by template TID 1500, Measurement Report.

    Each lung that was found is a group TID 1410 that refers to its segment in the SEG: area, height and
    width of its box, in mm² and mm or, without a pixel spacing, in pixels. A group TID 1501 about the
    image has the predicted IoU, the trust, the warnings and, where it was measured, the cardiothoracic
    ratio. Verified by nobody.

    Args:
        segmentation: Of a DICOM image.
        metadata: Of the checkpoint that made it.
        series_instance_uid: Series UID; None derives it from the radiograph, the weights and Pleura's
            version.
        seg: The SEG that it refers to; None refers to the one that `dicom_seg` makes of the same
            segmentation.

    Raises:
        SizeMismatch: The labels do not have the size of the radiograph.
        UnsuitableImage: The radiograph is not DICOM, or lacks an attribute that must be referred to.
    """
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import ComprehensiveSR
    from pydicom import dcmread

    written = dicom_seg(segmentation, metadata) if seg is None else seg
    with quiet():
        origin = Derivation.of(segmentation, metadata)
        referenced = dcmread(BytesIO(written), stop_before_pixels=True)
        made = ComprehensiveSR(
            evidence=[origin.source, referenced],
            content=_content(segmentation, origin, referenced)[0],
            is_complete=True,
            coding_schemes=[
                CodingSchemeIdentificationItem(SCHEME, name="Pleura", responsible_organization=MANUFACTURER)
            ],
            **origin.arguments(
                segmentation,
                "SR",
                noun="Lung measurements",
                block=12,
                series_instance_uid=series_instance_uid,
            ),
        )
        return with_content_uid(made)


def _content(segmentation: Segmentation, origin: Derivation, seg: Dataset) -> MeasurementReport:
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
    )
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code
    from pydicom.uid import generate_uid

    observer = ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=generate_uid(entropy_srcs=["device", origin.name, origin.version]),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=origin.name,
            serial_number="none",
        ),
    )
    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=Code("399208008", "SCT", "Plain chest X-ray"),
        imaging_measurements=[
            *_structures(segmentation, origin, seg),
            _image(segmentation, origin),
        ],
        title=codes.cid7021.ImagingMeasurementReport,
    )


def _structures(
    segmentation: Segmentation, origin: Derivation, seg: Dataset
) -> list[PlanarROIMeasurementsAndQualitativeEvaluations]:
    from highdicom.sr import (
        FindingSite,
        Measurement,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        ReferencedSegmentationFrame,
        SourceImageForSegmentation,
        TrackingIdentifier,
    )
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code
    from pydicom.uid import generate_uid

    source, groups = origin.source, []
    pixels = Code("{pixels}", "UCUM", "pixels")
    structures = {RIGHT: segmentation.right, LEFT: segmentation.left, HEART: segmentation.heart}
    for label, structure in structures.items():
        if structure is None:
            continue
        code, meaning = SEGMENTS[label]
        found = measurements(structure, segmentation.radiograph.spacing_mm)
        length = codes.UCUM.Millimeter if found.millimetres else pixels
        area = codes.UCUM.SquareMillimeter if found.millimetres else pixels
        values: tuple[tuple[Code, float, Code], ...] = (
            (codes.SCT.Area, found.area, area),
            (codes.DCM.Height, found.height, length),
            (codes.SCT.Width, found.width, length),
        )
        segment = ReferencedSegmentationFrame(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            frame_number=label,
            segment_number=label,
            source_image=SourceImageForSegmentation(source.SOPClassUID, source.SOPInstanceUID),
        )
        # Of frame and segment a reference has one (PS3.3 C.18.4).
        del segment[0].ReferencedSOPSequence[0].ReferencedFrameNumber
        groups.append(
            PlanarROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=TrackingIdentifier(
                    uid=generate_uid(entropy_srcs=["tracking", seg.SOPInstanceUID, str(label)]),
                    identifier=meaning,
                ),
                referenced_segment=segment,
                finding_type=Code(code, "SCT", meaning),
                finding_category=codes.cid7150.AnatomicalStructure,
                finding_sites=[FindingSite(Code(code, "SCT", meaning))],
                algorithm_id=_algorithm(origin),
                measurements=[Measurement(name, round(value, 2), unit) for name, value, unit in values],
            )
        )
    return groups


def _image(segmentation: Segmentation, origin: Derivation) -> MeasurementsAndQualitativeEvaluations:
    from highdicom.sr import (
        Measurement,
        MeasurementsAndQualitativeEvaluations,
        RelationshipTypeValues,
        SourceImageForMeasurementGroup,
        TextContentItem,
        TrackingIdentifier,
    )
    from pydicom.sr.codedict import codes
    from pydicom.uid import generate_uid

    source, quality, ratio = origin.source, segmentation.quality, segmentation.cardiothoracic_ratio
    values = {
        "predicted_iou": quality.predicted_iou,
        "cardiothoracic_ratio": None if ratio is None else ratio.value,
    }
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=generate_uid(entropy_srcs=["tracking", source.SOPInstanceUID, origin.version]),
            identifier=trust_in_words(quality),
        ),
        algorithm_id=_algorithm(origin),
        measurements=[
            Measurement(private_code(word), round(value, 4), codes.UCUM.Ratio)
            for word, value in values.items()
            if value is not None
        ],
        qualitative_evaluations=_evaluations(segmentation),
        source_images=[SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)],
    )
    remarks = [] if ratio is None else [*([ratio.reason] if ratio.reason else []), *ratio.remarks]
    group[0].ContentSequence.append(
        TextContentItem(
            name=codes.DCM.Comment,
            value="\r\n".join([comments(segmentation), *(f"Note: {remark}" for remark in remarks)]),
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
    )
    return group


def _evaluations(segmentation: Segmentation) -> list[QualitativeEvaluation]:
    from highdicom.sr import QualitativeEvaluation
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    quality, plane = segmentation.quality, segmentation.radiograph.spacing_plane
    found = [(private_code("trusted"), codes.SCT.Yes if quality.trusted else codes.SCT.No)]
    for warning in quality.warnings:
        meaning = long_string(warning.code.replace("_", " "))
        found.append((private_code("warning"), Code(warning.code, SCHEME, meaning)))
    if plane is not None:
        found.append((private_code("spacing_plane"), Code(plane, SCHEME, plane)))
    return [QualitativeEvaluation(name, value) for name, value in found]


def _algorithm(origin: Derivation) -> Any:
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(
        name=origin.name, version=origin.version, parameters=[f"threshold={origin.threshold:g}"]
    )
