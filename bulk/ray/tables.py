"""The schemas and rows between the stages, and of the output tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from model.checkpoint import CheckpointMetadata
from model.radiograph import Radiograph
from model.segmentation import Segmentation
from model.sides import Sides
from model.stages import Inferred, Prepared
from model.writing.document import describe_image
from model.writing.rle import coco_rle

Row = dict[str, Any]

_LUNG = pa.struct(
    [
        ("area_px", pa.int64()),
        ("area_mm2", pa.float64()),
        ("box", pa.list_(pa.int32())),
        ("centroid", pa.list_(pa.float64())),
    ]
)

_IMAGE = [
    ("width", pa.int32()),
    ("height", pa.int32()),
    ("format", pa.string()),
    ("spacing_mm", pa.list_(pa.float64())),
    ("spacing_plane", pa.string()),
    ("applied", pa.list_(pa.string())),
    ("picture", pa.list_(pa.int32())),
]

_SIDES = pa.struct(
    [
        ("left_at", pa.string()),
        ("source", pa.string()),
        ("only", pa.string()),
        ("doubts", pa.list_(pa.string())),
    ]
)

READ = pa.schema(
    [("path", pa.string()), ("error", pa.string()), *_IMAGE, ("sides", _SIDES), ("input", pa.large_binary())]
)
"""A prepared image, or the error. ``input`` is ``(S, S)`` float32."""

INFERRED = pa.schema(
    [*READ, ("probabilities", pa.large_binary()), ("embedding", pa.binary()), ("engine", pa.string())]
)
"""The output of the network: ``probabilities`` ``(S, S)`` and ``embedding`` ``(D,)``, float32."""

DONE = pa.schema([("path", pa.string()), ("error", pa.string()), ("trusted", pa.bool_())])
"""The outcome of each image during a run."""

IMAGES = pa.schema(
    [
        ("path", pa.string()),
        *_IMAGE,
        ("sides_from", pa.string()),
        ("mask_rle", pa.string()),
        ("right", _LUNG),
        ("left", _LUNG),
        ("predicted_iou", pa.float64()),
        ("trusted", pa.bool_()),
        ("warnings", pa.list_(pa.struct([("code", pa.string()), ("message", pa.string())]))),
        ("model", pa.string()),
        ("model_sha256", pa.string()),
        ("engine", pa.string()),
        ("threshold", pa.float64()),
    ]
)
"""The table of segmented images."""

ERRORS = pa.schema([("path", pa.string()), ("reason", pa.string())])
"""The table of images that could not be segmented."""


def pack(prepared: Prepared) -> Row:
    """Return a row of `READ` without its path. From a DICOM header it keeps only spacing and sides."""
    radiograph = prepared.radiograph
    # All channels of the network input are equal.
    return describe_image(radiograph) | {
        "sides": asdict(radiograph.sides),
        "input": prepared.input[0].tobytes(),
    }


def unpack(row: Row, metadata: CheckpointMetadata) -> Prepared:
    """Return the argument of `pack`, without the pixels of the radiograph.

    Args:
        row: A row of `READ` without an error.
        metadata: The size and channels of the network's input.
    """
    side = metadata.preprocessing.input_size
    square = np.frombuffer(row["input"], np.float32).reshape(side, side)
    radiograph = Radiograph(
        pixels=np.zeros((1, 1), np.uint8),
        format=row["format"],
        width=row["width"],
        height=row["height"],
        spacing_mm=None if row["spacing_mm"] is None else tuple(row["spacing_mm"]),
        spacing_plane=row["spacing_plane"],
        applied=tuple(row["applied"]),
        picture=None if row["picture"] is None else tuple(row["picture"]),
        sides=Sides(**row["sides"] | {"doubts": tuple(row["sides"]["doubts"])}),
    )
    return Prepared(radiograph, np.broadcast_to(square, (metadata.in_channels, side, side)))


def with_inferred(row: Row, inferred: Inferred, *, engine: str) -> Row:
    """Return a row of `INFERRED`.

    Args:
        row: A row of `READ`.
        inferred: The network's output for it.
        engine: Name of the engine.
    """
    return row | {
        "probabilities": inferred.probabilities.tobytes(),
        "embedding": inferred.embedding.tobytes(),
        "engine": engine,
    }


def inferred_of(row: Row, metadata: CheckpointMetadata) -> Inferred:
    """Return the network output in a row of `INFERRED`.

    Args:
        row: A row of `INFERRED`.
        metadata: The size of the network's input.
    """
    side = metadata.preprocessing.input_size
    probabilities = np.frombuffer(row["probabilities"], np.float32).reshape(side, side)
    return Inferred(probabilities, np.frombuffer(row["embedding"], np.float32))


def result(row: Row, segmentation: Segmentation, metadata: CheckpointMetadata) -> Row:
    """Return a row of `IMAGES`.

    Args:
        row: A row of `INFERRED`.
        segmentation: Of the same image.
        metadata: Of the checkpoint.
    """
    quality = segmentation.quality
    return {name: row[name] for name, _ in _IMAGE} | {
        "path": row["path"],
        "sides_from": segmentation.sides_from,
        "mask_rle": coco_rle(segmentation.mask)["counts"],
        "right": segmentation.right and asdict(segmentation.right),
        "left": segmentation.left and asdict(segmentation.left),
        "predicted_iou": quality.predicted_iou,
        "trusted": quality.trusted,
        "warnings": [asdict(warning) for warning in quality.warnings],
        "model": metadata.name,
        "model_sha256": metadata.sha256,
        "engine": row["engine"],
        "threshold": segmentation.threshold,
    }
