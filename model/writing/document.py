"""A segmentation as a JSON document for files: like the service's, with the mask as run lengths."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .rle import coco_rle

if TYPE_CHECKING:
    from ..checkpoint import CheckpointMetadata
    from ..engines import Engine
    from ..radiograph import Radiograph
    from ..segmentation import Segmentation


def describe_image(radiograph: Radiograph) -> dict[str, Any]:
    """Return width, height, format, spacing_mm, spacing_plane, applied and picture of a radiograph."""
    return {
        "width": radiograph.width,
        "height": radiograph.height,
        "format": radiograph.format,
        "spacing_mm": radiograph.spacing_mm,
        "spacing_plane": radiograph.spacing_plane,
        "applied": radiograph.applied,
        "picture": radiograph.picture,
    }


def document(segmentation: Segmentation, *, metadata: CheckpointMetadata, engine: Engine) -> dict[str, Any]:
    """Return the document of one segmentation, ready for `json.dumps`.

    Args:
        segmentation: The segmentation.
        metadata: Of the checkpoint that made it.
        engine: The engine that ran the network.

    Returns:
        ``image`` (width, height, format, spacing_mm, spacing_plane, applied, picture, sides_from),
        ``mask`` (encoding ``"rle"`` and its data, see `coco_rle`), ``lungs`` (right and left: area_px,
        area_mm2, box, centroid; None where not found), ``quality`` (predicted_iou, trusted, warnings) and
        ``model`` (name, sha256, engine, device, threshold). Where the checkpoint finds hearts, ``heart``
        (as a lung) and ``cardiothoracic_ratio`` (value, reason, remarks, method), too. Of a DICOM header
        only the spacing, what right and left go by, and what the ratio's remarks say of its view.
    """
    ratio = segmentation.cardiothoracic_ratio
    heart = None if segmentation.heart is None else asdict(segmentation.heart)
    hearts = {} if ratio is None else {"heart": heart, "cardiothoracic_ratio": asdict(ratio)}
    return {
        "image": describe_image(segmentation.radiograph) | {"sides_from": segmentation.sides_from},
        "mask": {"encoding": "rle", "data": coco_rle(segmentation.mask)},
        "lungs": {
            side: None if lung is None else asdict(lung)
            for side, lung in (("right", segmentation.right), ("left", segmentation.left))
        },
        **hearts,
        "quality": asdict(segmentation.quality),
        "model": {
            "name": metadata.name,
            "sha256": metadata.sha256,
            "engine": engine.name,
            "device": engine.device,
            "threshold": segmentation.threshold,
        },
    }
