"""The output formats: name, file suffix and writer. Each writer is imported on its first use."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..checkpoint import CheckpointMetadata
    from ..engines import Engine
    from ..segmentation import Segmentation

NO_DICOM = "A DICOM segmentation refers to a DICOM image. Choose another --format for this image."


class Format(StrEnum):
    """The names of the formats."""

    PNG = "png"
    OVERLAY = "overlay"
    RLE = "rle"
    POLYGONS = "polygons"
    GEOJSON = "geojson"
    JSON = "json"
    SEG = "seg"
    LABELMAP = "labelmap"
    SC = "sc"
    SC_OUTLINES = "sc-outlines"
    GSPS = "gsps"
    SR = "sr"
    NIFTI = "nifti"

    @property
    def suffix(self) -> str:
        """The suffix that is appended to the image's whole name; it differs for each format."""
        return _SUFFIXES[self]

    @property
    def is_dicom(self) -> bool:
        """Whether the format is available for DICOM images only."""
        return self in _DICOM

    @property
    def shows_radiograph(self) -> bool:
        """Whether all pixels of the image are needed, not only what the network sees."""
        return self in (Format.OVERLAY, Format.SC, Format.SC_OUTLINES)


_DICOM = (Format.SEG, Format.LABELMAP, Format.SC, Format.SC_OUTLINES, Format.GSPS, Format.SR)

_SUFFIXES = {
    Format.PNG: ".mask.png",
    Format.OVERLAY: ".overlay.png",
    Format.RLE: ".rle.json",
    Format.POLYGONS: ".polygons.json",
    Format.GEOJSON: ".geojson",
    Format.JSON: ".json",
    Format.SEG: ".seg.dcm",
    Format.LABELMAP: ".labelmap.dcm",
    Format.SC: ".sc.dcm",
    Format.SC_OUTLINES: ".sc-outlines.dcm",
    Format.GSPS: ".gsps.dcm",
    Format.SR: ".sr.dcm",
    Format.NIFTI: ".nii.gz",
}


def write(
    segmentation: Segmentation, format_: Format, *, metadata: CheckpointMetadata, engine: Engine
) -> bytes:
    """Return the bytes of the file of one segmentation.

    Args:
        segmentation: The segmentation.
        format_: The format of the file.
        metadata: Of the checkpoint that made it.
        engine: The engine that ran the network.

    Raises:
        UnsuitableImage: A DICOM segmentation was requested for an image that is not DICOM, or for a
            header that it cannot refer to.
    """
    match format_:
        case Format.PNG:
            from .png import mask_png

            return mask_png(segmentation.mask, segmentation.quality, metadata.name)
        case Format.OVERLAY:
            from .overlay import overlay_png

            return overlay_png(
                segmentation.radiograph, segmentation.structures, segmentation.quality, metadata.name
            )
        case Format.RLE:
            from .rle import coco_rle

            return _json({**coco_rle(segmentation.mask), **_quality(segmentation)})
        case Format.POLYGONS:
            from .polygons import coco_polygons

            return _json(coco_polygons(segmentation.mask))
        case Format.GEOJSON:
            from .polygons import geojson

            outlines = geojson(segmentation.structures, spacing_mm=segmentation.radiograph.spacing_mm)
            return _json({**outlines, **_quality(segmentation)})
        case Format.JSON:
            from .document import document

            return _json(document(segmentation, metadata=metadata, engine=engine))
        case Format.SEG | Format.LABELMAP | Format.SC | Format.SC_OUTLINES | Format.GSPS | Format.SR:
            from .dicom.forms import Form, write_form

            return write_form(segmentation, metadata, Form(format_.value))
        case Format.NIFTI:
            from .nifti import nifti

            return nifti(
                segmentation.labels,
                spacing_mm=segmentation.radiograph.spacing_mm,
                quality=segmentation.quality,
            )


def _quality(segmentation: Segmentation) -> dict[str, object]:
    """Return an extra member, which readers of run lengths and GeoJSON (RFC 7946, 6.1) ignore."""
    return {"quality": asdict(segmentation.quality)}


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"
