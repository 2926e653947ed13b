"""The JSON document of a segmentation."""

from base64 import b64encode
from dataclasses import asdict

from model.heart import CardiothoracicRatio
from model.lungs import Lung
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from model.timing import Timing
from model.writing.png import mask_png
from model.writing.polygons import coco_polygons, geojson
from model.writing.rle import coco_rle

from . import schemas
from .errors import UntrustedMask
from .geojson import FeatureCollection
from .mask_schemas import GeoJsonMask, Mask, PngMask, PolygonsMask, RleMask, RunLengths
from .options import MaskEncoding


def describe(
    segmentation: Segmentation, segmenter: Segmenter, *, mask: Mask | None, timing_ms: Timing
) -> schemas.SegmentationDocument:
    """Return the document of a segmentation with the mask as `encode_mask` encodes it."""
    radiograph, quality = segmentation.radiograph, segmentation.quality
    return schemas.SegmentationDocument(
        image=schemas.Image(
            width=radiograph.width,
            height=radiograph.height,
            format=radiograph.format,
            spacing_mm=radiograph.spacing_mm,
            spacing_plane=radiograph.spacing_plane,
            applied=list(radiograph.applied),
            picture=radiograph.picture,
            sides_from=segmentation.sides_from,
            left_at=radiograph.sides.left_at,
            patient_orientation=radiograph.patient_orientation,
        ),
        mask=mask,
        lungs=schemas.Lungs(right=_lung(segmentation.right), left=_lung(segmentation.left)),
        heart=None if segmentation.heart is None else schemas.Heart(**asdict(segmentation.heart)),
        cardiothoracic_ratio=_ratio(segmentation.cardiothoracic_ratio),
        quality=schemas.Quality(
            predicted_iou=quality.predicted_iou,
            trusted=quality.trusted,
            warnings=[
                schemas.QualityWarning(code=warning.code, message=warning.message)
                for warning in quality.warnings
            ],
        ),
        model=schemas.ServedModel(
            name=segmenter.metadata.name,
            sha256=segmenter.metadata.sha256,
            engine=segmenter.engine.name,
            device=segmenter.engine.device,
            threshold=segmentation.threshold,
        ),
        timing_ms=schemas.Timing(**{stage: round(ms, 3) for stage, ms in asdict(timing_ms).items()}),
    )


def require_trust(segmentation: Segmentation) -> None:
    """Reject a segmentation that is not trusted.

    Raises:
        UntrustedMask: The mask has warnings.
    """
    if not segmentation.quality.trusted:
        reasons = " ".join(warning.message for warning in segmentation.quality.warnings)
        raise UntrustedMask(f"The mask is not trusted. Check the image. {reasons}".rstrip())


def encode_mask(segmentation: Segmentation, encoding: MaskEncoding, checkpoint: str) -> Mask | None:
    """Return the mask as the document carries it, see `MaskEncoding`; None if it carries none.

    Args:
        segmentation: The segmentation.
        encoding: The encoding.
        checkpoint: The name of the checkpoint, for the text of a PNG.
    """
    mask = segmentation.mask
    match encoding:
        case MaskEncoding.PNG:
            png = mask_png(mask, segmentation.quality, checkpoint)
            return PngMask(data=b64encode(png).decode("ascii"))
        case MaskEncoding.RLE:
            return RleMask(data=RunLengths.model_validate(coco_rle(mask)))
        case MaskEncoding.POLYGONS:
            return PolygonsMask(data=coco_polygons(mask))
        case MaskEncoding.GEOJSON:
            outlines = geojson(segmentation.structures, spacing_mm=segmentation.radiograph.spacing_mm)
            return GeoJsonMask(data=FeatureCollection.model_validate(outlines))
        case MaskEncoding.NONE:
            return None


def _ratio(ratio: CardiothoracicRatio | None) -> schemas.CardiothoracicRatio | None:
    return None if ratio is None else schemas.CardiothoracicRatio.model_validate(asdict(ratio))


def _lung(lung: Lung | None) -> schemas.Lung | None:
    if lung is None:
        return None
    return schemas.Lung(area_px=lung.area_px, area_mm2=lung.area_mm2, box=lung.box, centroid=lung.centroid)
