"""Grayscale Softcopy Presentation State: the outlines of lungs and heart as graphics over the radiograph."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ...errors import UnsuitableImage
from ...heart import HEART
from ...lungs import LEFT, RIGHT
from ...quiet import quiet
from ..colours import STRUCTURE_COLOURS
from ..outlines import Ring, trace
from .derivation import Derivation, with_content_uid
from .findings import area_in_words
from .seg_words import trust_in_words

if TYPE_CHECKING:
    from highdicom.pr import GraphicAnnotation, GraphicLayer, GrayscaleSoftcopyPresentationState
    from pydicom import Dataset

    from ...checkpoint import CheckpointMetadata
    from ...radiograph import Radiograph
    from ...segmentation import Segmentation
    from .authorship import Authorship

_MOST_POINTS = 4000
"""The most points of an outline: Graphic Data has at most 65,534 bytes, and viewers get slow before that."""
_TOLERANCE_PX = 0.25
"""Distance by which an outline may be moved to leave out points; doubled until there are few enough."""
_LAYERS = {
    RIGHT: ("RIGHT_LUNG", "Right lung"),
    LEFT: ("LEFT_LUNG", "Left lung"),
    HEART: ("HEART", "Heart"),
}

_LOOKS = {
    "rescale": ("RescaleIntercept", "RescaleSlope", "RescaleType"),
    "window": ("WindowCenter", "WindowWidth", "VOILUTFunction"),
    "voi_lut": ("VOILUTSequence",),
}
"""Attributes of the radiograph's display, by what the reader applied of them."""


def presentation_state(
    segmentation: Segmentation,
    metadata: CheckpointMetadata,
    *,
    series_instance_uid: str | None = None,
    authorship: Authorship | None = None,
) -> bytes:
    """Write a Grayscale Softcopy Presentation State (Explicit VR Little Endian) with outlines.

    Each lung and the heart have a graphic layer in their colour, with closed polylines in pixels; a text
    object says whether the mask is trusted, and the areas. Modality LUT, VOI LUT and polarity are those
    that the radiograph was read with, so that it looks as it did without the state.

    Args:
        segmentation: Of a DICOM image that is grey.
        metadata: Of the checkpoint that made it.
        series_instance_uid: Series UID; None derives it from the radiograph, the weights and Pleura's
            version.
        authorship: Of labels that a person drew or corrected, written instead of the trust; None: the
            network made them.

    Raises:
        SizeMismatch: The labels do not have the size of the radiograph.
        UnsuitableImage: The radiograph is not DICOM, has colours, or lacks an attribute that must be
            referred to.
    """
    with quiet():
        origin = Derivation.of(segmentation, metadata)
        source = origin.source
        dataset, applied = segmentation.radiograph.dataset, segmentation.radiograph.applied
        assert dataset is not None
        _check_grey(dataset, applied)
        said = trust_in_words(segmentation.quality) if authorship is None else authorship.description
        layers, annotations = _graphics(segmentation, source, said)
        arguments = origin.arguments(
            segmentation,
            "GSPS",
            noun="Lung outlines",
            block=11,
            series_instance_uid=series_instance_uid,
            authorship=authorship,
        )
        # Not in this IOD.
        date, time = arguments.pop("content_date"), arguments.pop("content_time")
        source.SamplesPerPixel = 1
        made = _compose(
            _with_looks(source, dataset, applied),
            source,
            inverted="inverted" in applied,
            content_label="LUNGS",
            content_description=said,
            graphic_layers=layers,
            graphic_annotations=annotations,
            **arguments,
        )
        made.PresentationCreationDate, made.PresentationCreationTime = date, time
        _complete(made, segmentation.radiograph)
        return with_content_uid(made)


def _complete(made: Dataset, radiograph: Radiograph) -> None:
    """Add what highdicom leaves out: the Modality LUT, the spacing, and Laterality."""
    if "modality_lut" in radiograph.applied:
        assert radiograph.dataset is not None
        made.ModalityLUTSequence = [_modality_table(radiograph.dataset)]
    (area,) = made.DisplayedAreaSelectionSequence
    _set_pixel_shape(area, radiograph.spacing_mm)
    # Type 2C (PS3.3 C.7.3.1): empty, since a chest is not one side of a pair.
    made.Laterality = ""


def _check_grey(dataset: Dataset, applied: tuple[str, ...]) -> None:
    if "grey" in applied or dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        raise UnsuitableImage(
            "A grayscale presentation state refers to a grey image: ask for another form for this one."
        )


def _compose(
    image: Dataset, bare: Dataset, *, inverted: bool, **arguments: Any
) -> GrayscaleSoftcopyPresentationState:
    """Return a state with the display of ``image``, or that of ``bare`` where highdicom rejects it.

    It may reject a table or window that the reader understood; the outlines do not depend on them.
    """
    from highdicom import PresentationLUTTransformation
    from highdicom.pr import GrayscaleSoftcopyPresentationState

    shape = PresentationLUTTransformation(presentation_lut_shape="INVERSE" if inverted else "IDENTITY")
    make = partial(GrayscaleSoftcopyPresentationState, presentation_lut_transformation=shape, **arguments)
    try:
        return make(referenced_images=[image])
    except (AttributeError, LookupError, TypeError, ValueError):
        return make(referenced_images=[bare])


def _with_looks(source: Dataset, dataset: Dataset, applied: tuple[str, ...]) -> Dataset:
    from pydicom import Dataset

    image = Dataset()
    image.update(source)
    for step in applied:
        for keyword in _LOOKS.get(step, ()):
            if keyword in dataset and not dataset[keyword].is_empty:
                image.add(dataset[keyword])
    # Type 1 here, US for unspecified units (PS3.3 C.11.1).
    if "RescaleSlope" in image:
        image.setdefault("RescaleType", "US")
    return image


def _modality_table(dataset: Dataset) -> Dataset:
    """Return the Modality LUT of the radiograph, which highdicom does not copy."""
    from pydicom import Dataset

    item, table = Dataset(), dataset.ModalityLUTSequence[0]
    for keyword in ("LUTDescriptor", "LUTExplanation", "ModalityLUTType", "LUTData"):
        if keyword in table:
            item.add(table[keyword])
    item.setdefault("ModalityLUTType", "US")
    return item


def _set_pixel_shape(area: Dataset, spacing_mm: tuple[float, float] | None) -> None:
    """Give the displayed area the spacing of the radiograph, instead of square pixels."""
    # One of the two (PS3.3 C.10.4).
    if spacing_mm is not None:
        del area.PresentationPixelAspectRatio
        area.PresentationPixelSpacing = [f"{one:.10g}" for one in spacing_mm]


def _graphics(
    segmentation: Segmentation, source: Dataset, origin_in_words: str
) -> tuple[list[GraphicLayer], list[GraphicAnnotation]]:
    from highdicom.color import CIELabColor
    from highdicom.pr import GraphicAnnotation, GraphicLayer, GraphicObject, TextObject

    layers, annotations = [], []
    structures = segmentation.structures
    for order, (label, (name, meaning)) in enumerate(_LAYERS.items(), start=1):
        rings = [ring for outline in trace(structures == label) for ring in (outline.outer, *outline.holes)]
        if rings:
            colour = CIELabColor.from_rgb(*STRUCTURE_COLOURS[label])
            layers.append(GraphicLayer(name, order, description=meaning, display_color=colour))
            objects = [GraphicObject("POLYLINE", _closed(ring), "PIXEL") for ring in rings]
            annotations.append(GraphicAnnotation([source], layers[-1], graphic_objects=objects))
    layers.append(GraphicLayer("TEXT", len(_LAYERS) + 1, description="Trust and areas"))
    text = TextObject(_text(segmentation, origin_in_words), "DISPLAY", bounding_box=(0.01, 0.01, 0.6, 0.2))
    annotations.append(GraphicAnnotation([source], layers[-1], text_objects=[text]))
    return layers, annotations


def _closed(ring: Ring) -> Ring:
    """Return ``(n, 2)`` points whose first and last are equal, at most `_MOST_POINTS`."""
    tolerance = _TOLERANCE_PX
    points = ring.astype(np.float32)
    while True:
        kept = cv2.approxPolyDP(points, tolerance, True).reshape(-1, 2)
        if len(kept) < _MOST_POINTS:
            kept = kept if len(kept) > 2 else points
            return np.concatenate([kept, kept[:1]]).astype(np.float64)
        tolerance *= 2


def _text(segmentation: Segmentation, origin_in_words: str) -> str:
    lines = [origin_in_words]
    lines += [warning.code.replace("_", " ") for warning in segmentation.quality.warnings]
    lines += [
        f"Right lung {area_in_words(segmentation.right)}",
        f"Left lung {area_in_words(segmentation.left)}",
    ]
    return "\r\n".join(lines)
