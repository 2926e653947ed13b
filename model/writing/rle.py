"""A mask as COCO's run-length encoding."""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class RunLengths(TypedDict):
    """COCO's compressed RLE: ``size`` is ``[height, width]``; pycocotools decodes it as it is."""

    size: list[int]
    counts: str


def coco_rle(mask: NDArray[np.bool_]) -> RunLengths:
    """``mask`` ``(h, w)`` bool as run lengths down the columns, in pycocotools' ASCII form."""
    from pycocotools.mask import encode

    encoded = encode(np.asfortranarray(mask.view(np.uint8)))
    height, width = mask.shape
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}
