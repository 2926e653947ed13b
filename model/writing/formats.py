"""What a segmentation can be written as: the word for it, the files' suffix, the bytes. Each writer is loaded when it is used."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..checkpoint import CheckpointMetadata
    from ..engines import Engine
    from ..segmentation import Segmentation

NO_DICOM = "A DICOM segmentation refers to a DICOM image: take another --format for this one."


class Format(StrEnum):
    """Formats by name."""

    PNG = "png"
    OVERLAY = "overlay"
    RLE = "rle"
    POLYGONS = "polygons"
    GEOJSON = "geojson"
    JSON = "json"
    SEG = "seg"
    LABELMAP = "labelmap"
    SC = "sc"
    GSPS = "gsps"
    SR = "sr"
    NIFTI = "nifti"

    @property
    def suffix(self) -> str:
        """What comes after the whole name of the image; no two formats have the same."""
        return _SUFFIXES[self]

    @property
    def is_dicom(self) -> bool:
        """Whether it is made of DICOM images only."""
        return self in _DICOM

    @property
    def shows_radiograph(self) -> bool:
        """Whether all pixels of the image are needed, not only what the network sees."""
        return self in (Format.OVERLAY, Format.SC)


_DICOM = (Format.SEG, Format.LABELMAP, Format.SC, Format.GSPS, Format.SR)

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
    Format.GSPS: ".gsps.dcm",
    Format.SR: ".sr.dcm",
    Format.NIFTI: ".nii.gz",
}


def write(
    segmentation: Segmentation, format_: Format, *, metadata: CheckpointMetadata, engine: Engine
) -> bytes:
    """One segmentation as the bytes of a file.

    Raises:
        UnsuitableImage: a DICOM segmentation is asked for of an image that is no DICOM, or of a header it
            cannot refer to.
    """
    match format_:
        case Format.PNG:
            from .png import mask_png

            return mask_png(segmentation.mask, segmentation.quality)
        case Format.OVERLAY:
            from .overlay import overlay_png

            return overlay_png(segmentation.radiograph, segmentation.labels, segmentation.quality)
        case Format.RLE:
            from .rle import coco_rle

            return _json({**coco_rle(segmentation.mask), **_quality(segmentation)})
        case Format.POLYGONS:
            from .polygons import coco_polygons

            return _json(coco_polygons(segmentation.mask))
        case Format.GEOJSON:
            from .polygons import geojson

            outlines = geojson(segmentation.labels, spacing_mm=segmentation.radiograph.spacing_mm)
            return _json({**outlines, **_quality(segmentation)})
        case Format.JSON:
            from .document import document

            return _json(document(segmentation, metadata=metadata, engine=engine))
        case Format.SEG | Format.LABELMAP | Format.SC | Format.GSPS | Format.SR:
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
    """Return a further member: readers of run lengths and of GeoJSON (RFC 7946, 6.1) pass it over."""
    return {"quality": asdict(segmentation.quality)}


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"
