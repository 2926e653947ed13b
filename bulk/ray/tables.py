"""The rows that go from stage to stage, and those that come out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from model.checkpoint import CheckpointMetadata
from model.radiograph import Radiograph
from model.segmentation import Segmentation
from model.segmenter import Inferred, Prepared
from model.sides import Sides
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
"""An image that is ready for the network, or why there is none. ``input`` is ``(S, S)`` float32."""

SEEN = pa.schema(
    [*READ, ("probabilities", pa.large_binary()), ("embedding", pa.binary()), ("engine", pa.string())]
)
"""What the network said of it: ``probabilities`` ``(S, S)`` and ``embedding`` ``(D,)``, float32."""

DONE = pa.schema([("path", pa.string()), ("error", pa.string()), ("trusted", pa.bool_())])
"""What is told of each image while a run goes on."""

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
"""The table of what was segmented."""

ERRORS = pa.schema([("path", pa.string()), ("reason", pa.string())])
"""The table of what could not be."""


def pack(prepared: Prepared) -> Row:
    """A row of `READ`, but for its path. Of a DICOM header it holds the spacing and the patient's sides alone."""
    radiograph = prepared.radiograph
    # The channels of the network's input are all the same.
    return describe_image(radiograph) | {
        "sides": asdict(radiograph.sides),
        "input": prepared.input[0].tobytes(),
    }


def unpack(row: Row, metadata: CheckpointMetadata) -> Prepared:
    """What `pack` was given, without the pixels that only it needed."""
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
    return Prepared(radiograph, np.broadcast_to(square, (metadata.in_channels, side, side)), 0.0)


def with_answer(row: Row, inferred: Inferred, *, engine: str) -> Row:
    """A row of `SEEN`."""
    return row | {
        "probabilities": inferred.probabilities.tobytes(),
        "embedding": inferred.embedding.tobytes(),
        "engine": engine,
    }


def answer_in(row: Row, metadata: CheckpointMetadata) -> Inferred:
    """What `with_answer` was given."""
    side = metadata.preprocessing.input_size
    probabilities = np.frombuffer(row["probabilities"], np.float32).reshape(side, side)
    return Inferred(probabilities, np.frombuffer(row["embedding"], np.float32), 0.0)


def result(row: Row, segmentation: Segmentation, metadata: CheckpointMetadata) -> Row:
    """A row of `IMAGES`."""
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
