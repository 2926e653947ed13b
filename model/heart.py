"""The heart's mask and the cardiothoracic ratio."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .components import find_components
from .lungs import Lung

HEART = 3
"""The heart's number in `Segmentation.structures`."""

METHOD = "widest heart over widest inner thorax (Dong et al., 2018)"
"""The method of measuring the cardiothoracic ratio."""

_TURNED = 0.35
"""The relative difference of the lungs' widths beyond which the body is assumed to be rotated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardiothoracicRatio:
    """The cardiothoracic ratio of one radiograph.

    Attributes:
        value: The ratio; None if it is not measured.
        reason: Why it is not measured; None if it is.
        remarks: Circumstances that change the heart's apparent size: the view, a rotated body.
        method: The method of measurement.
    """

    value: float | None
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    method: str = METHOD


def keep_heart(probabilities: NDArray[np.float32], *, threshold: float) -> NDArray[np.float32]:
    """Keep the largest component of the heart and fill its holes, at the network's resolution.

    Args:
        probabilities: ``(h, w)`` float32, probability of heart; not modified.
        threshold: Probability from which a pixel is heart.

    Returns:
        ``(h, w)`` float32: 0 in dropped components, 1 in filled holes, elsewhere unchanged.
    """
    found = probabilities >= threshold
    components = find_components(found)
    if not len(components):
        return probabilities.copy()
    kept = components.mask(0)
    outlines, _ = cv2.findContours(kept.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(kept.shape, np.uint8), outlines, -1, 1, cv2.FILLED)
    result = probabilities.copy()
    result[found & ~kept] = 0
    result[(filled > 0) & ~kept] = 1
    return result


def cardiothoracic_ratio(heart: Lung | None, right: Lung | None, left: Lung | None) -> float | None:
    """Return the heart's greatest width over the inner thorax's; None if the heart or a lung is missing.

    The inner thorax reaches from the outermost pixel of the right lung to that of the left lung. On 169
    radiographs whose ratio was read by people, this differs from their reading by 0.001 in the mean, given
    their outlines.

    Args:
        heart: The heart, or None if not found.
        right: The patient's right lung, or None if not found.
        left: The patient's left lung, or None if not found.

    Returns:
        The ratio of two widths in pixels of one image, so without a unit.

    Source:
        Dong et al., *Unsupervised domain adaptation for automatic estimation of cardiothoracic ratio*,
        MICCAI 2018.
    """
    if heart is None or right is None or left is None:
        return None
    first = min(right.box[0], left.box[0])
    last = max(right.box[0] + right.box[2], left.box[0] + left.box[2])
    return heart.box[2] / (last - first)


def measure_ratio(
    heart: Lung | None, right: Lung | None, left: Lung | None, *, trusted: bool, view: str | None = None
) -> CardiothoracicRatio:
    """Return the cardiothoracic ratio, or the reason why it is not measured.

    Args:
        heart: The heart; None if not found.
        right: The patient's right lung; None if not found.
        left: The patient's left lung; None if not found.
        trusted: Whether the mask of the lungs is trusted.
        view: The View Position of a DICOM file; None if unknown.
    """
    value = cardiothoracic_ratio(heart, right, left)
    if heart is None:
        return CardiothoracicRatio(value=None, reason="The heart was not found.")
    if value is None or right is None or left is None:
        return CardiothoracicRatio(value=None, reason="Both lungs are needed, and were not found.")
    if not trusted:
        return CardiothoracicRatio(value=None, reason="The mask of the lungs is not trusted.")
    remarks = []
    if view == "AP":
        remarks.append("AP view: the heart looks larger than in a PA view.")
    if abs(right.box[2] - left.box[2]) > _TURNED * max(right.box[2], left.box[2]):
        remarks.append("The lungs differ in width: the body may be turned.")
    return CardiothoracicRatio(value=value, remarks=tuple(remarks))
