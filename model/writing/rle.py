"""A mask in COCO's run-length encoding."""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class RunLengths(TypedDict):
    """COCO's compressed RLE, as pycocotools decodes it; ``size`` is ``[height, width]``."""

    size: list[int]
    counts: str


def coco_rle(mask: NDArray[np.bool_]) -> RunLengths:
    """Return ``mask`` ``(h, w)`` bool as run lengths by column, in pycocotools' ASCII form."""
    from pycocotools.mask import encode

    encoded = encode(np.asfortranarray(mask.view(np.uint8)))
    height, width = mask.shape
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}
