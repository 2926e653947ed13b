"""Pleura's coding scheme, for what no public scheme has a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

SCHEME = "99PLEURA"

_MEANINGS = {
    "predicted_iou": "Predicted intersection over union",
    "trusted": "Segmentation trusted",
    "warning": "Warning",
    "cardiothoracic_ratio": "Cardiothoracic ratio",
    "spacing_plane": "Plane of the pixel spacing",
}
"""Meanings of the codes; the codes of warnings and planes are their own words."""


def private_code(word: str) -> Code:
    """Return a code of `SCHEME`."""
    from pydicom.sr.coding import Code

    return Code(word, SCHEME, _MEANINGS[word])
