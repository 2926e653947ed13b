"""The radiographs that are sent: phantoms, drawn once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2

from samples.phantom import phantom

RESULTS = Path(__file__).parent / "results"
"""Where everything that is made lies; git leaves it out."""

_SEED = 7
_JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Picture:
    """One file that is sent."""

    side: int
    kind: Literal["jpeg", "png8", "png16"]

    @property
    def name(self) -> str:
        """``2048-png8``."""
        return f"{self.side}-{self.kind}"

    @property
    def path(self) -> Path:
        """Where it lies."""
        suffix = "jpg" if self.kind == "jpeg" else "png"
        return RESULTS / "images" / f"{self.name}.{suffix}"

    def data(self) -> bytes:
        """Its bytes; drawn when they are first asked for."""
        if not self.path.exists():
            pixels = phantom(
                width=self.side, height=self.side, seed=_SEED, bits=16 if self.kind == "png16" else 8
            ).pixels
            settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if self.kind == "jpeg" else []
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(cv2.imencode(self.path.suffix, pixels, settings)[1].tobytes())
        return self.path.read_bytes()


PICTURES = tuple(Picture(side, kind) for side in (512, 2048) for kind in ("jpeg", "png8", "png16"))
"""All of them."""
