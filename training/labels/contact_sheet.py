"""A contact sheet of the radiographs on which independently trained networks disagree most."""

import heapq
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.reading import read
from model.writing.colours import ORANGE, REDDISH_PURPLE, SKY_BLUE, YELLOW
from model.writing.overlay import window

_COLOURS = (YELLOW, SKY_BLUE, REDDISH_PURPLE, ORANGE)
_COLUMNS = 8
_SIDE = 240


class ContactSheet:
    """Collects the ``most`` images of lowest agreement, and writes them as one JPEG, the lowest first."""

    def __init__(self, *, most: int = 48) -> None:
        self._most = most
        self._kept: list[tuple[float, int, NDArray[np.uint8]]] = []
        self._seen = 0

    def add(self, image: Path, masks: Sequence[NDArray[np.bool_]], *, agreement: float, title: str) -> None:
        """Add an image if the agreement of its masks is among the lowest.

        Args:
            image: Its file.
            masks: ``(H, W)`` bool, one for each network, at the image's size.
            agreement: IoU of the masks, 0 to 1.
            title: The caption.
        """
        self._seen += 1
        full = len(self._kept) == self._most
        if full and agreement >= -self._kept[0][0]:
            return
        entry = (-agreement, self._seen, _panel(image, masks, title))
        if full:
            heapq.heapreplace(self._kept, entry)
        else:
            heapq.heappush(self._kept, entry)

    def write(self, path: Path) -> None:
        """Write the sheet; no file if no image was added."""
        panels = [panel for _, _, panel in sorted(self._kept, key=lambda entry: (-entry[0], entry[1]))]
        if not panels:
            return
        blank = np.zeros_like(panels[0])
        panels += [blank] * (-len(panels) % min(_COLUMNS, len(panels)))
        columns = min(_COLUMNS, len(panels))
        rows = [np.hstack(panels[start : start + columns]) for start in range(0, len(panels), columns)]
        path.write_bytes(cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


def _panel(image: Path, masks: Sequence[NDArray[np.bool_]], title: str) -> NDArray[np.uint8]:
    grey = window(read(image).pixels)
    scale = _SIDE / max(grey.shape)
    width, height = (max(1, round(side * scale)) for side in grey.shape[::-1])
    picture = cv2.cvtColor(
        cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR
    )
    for mask, colour in zip(masks, _COLOURS, strict=False):
        small = cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        outlines, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour[::-1], 1, cv2.LINE_AA)
    panel = np.zeros((_SIDE + 18, _SIDE, 3), np.uint8)
    panel[:height, :width] = picture
    cv2.putText(
        panel, title, (3, _SIDE + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (230, 230, 230), 1, cv2.LINE_AA
    )
    return panel
