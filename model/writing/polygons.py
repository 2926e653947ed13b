"""Lungs and heart as polygons in COCO and GeoJSON."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..heart import HEART
from ..lungs import LEFT, RIGHT, measure
from .outlines import Ring, trace

_NAMES = {RIGHT: ("right", "right lung"), LEFT: ("left", "left lung"), HEART: ("heart", "heart")}
"""Identifier and name of each structure's Feature."""


def coco_polygons(mask: NDArray[np.bool_]) -> list[list[float]]:
    """Return ``mask`` ``(h, w)`` bool as COCO's ``segmentation``: a list ``[x, y, x, y, …]`` per component.

    Coordinates are in pixels from the image's upper left corner; pycocotools rasterises them to the same
    mask. COCO's polygons cannot represent holes, which are filled. Use RLE or GeoJSON if holes matter.
    """
    return [outline.outer.ravel().tolist() for outline in trace(mask)]


def geojson(labels: NDArray[np.uint8], *, spacing_mm: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection (RFC 7946) with a Feature for each lung and for the heart.

    Coordinates are not geographic, but pixels ``[x, y]`` from the image's upper left corner, with y
    downwards. Geometries are MultiPolygons with one polygon per component, the outer ring first, then the
    holes; rings are closed.

    Args:
        labels: ``(height, width)`` uint8 as of `Segmentation.structures`, at native size.
        spacing_mm: Pixel spacing ``(row, column)``, for ``area_mm2``.

    Returns:
        Features with ``id`` ``"right"``, ``"left"`` or ``"heart"``, ``bbox``, and the properties ``name``,
        ``label``, ``area_px``, ``area_mm2`` and ``centroid``.
    """
    features = [_feature(labels, label, spacing_mm) for label in _NAMES]
    return {"type": "FeatureCollection", "features": [feature for feature in features if feature is not None]}


def _feature(
    labels: NDArray[np.uint8], label: int, spacing_mm: tuple[float, float] | None
) -> dict[str, Any] | None:
    lung = measure(labels, label, spacing_mm=spacing_mm)
    if lung is None:
        return None
    identifier, name = _NAMES[label]
    x, y, width, height = lung.box
    return {
        "type": "Feature",
        "id": identifier,
        "bbox": [x, y, x + width, y + height],
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [
                [_closed(outline.outer), *map(_closed, outline.holes)] for outline in trace(labels == label)
            ],
        },
        "properties": {
            "name": name,
            "label": label,
            "area_px": lung.area_px,
            "area_mm2": lung.area_mm2,
            # In the rings' coordinates, where pixel centres have halves.
            "centroid": [lung.centroid[0] + 0.5, lung.centroid[1] + 0.5],
        },
    }


def _closed(ring: Ring) -> list[list[float]]:
    points: list[list[float]] = ring.tolist()
    return [*points, points[0]]
