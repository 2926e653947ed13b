"""Segmenters with a fake engine, whose masks are trusted, untrusted or empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.engines import EngineOutput
from model.quality import Quality
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from tests.app.fakes import FakeEngine, segmenter


class NoLungEngine(FakeEngine):
    """Finds no lung in any image."""

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        probabilities, embedding = super().__call__(batch)
        probabilities[:, 0], probabilities[:, 1:] = 1, 0
        return EngineOutput(probabilities, embedding)


class Trusting(Segmenter):
    """Trusts every mask; the fake checkpoint has no quality model."""

    def finish(self, *arguments: Any, **options: Any) -> Segmentation:
        quality = Quality(predicted_iou=0.95, trusted=True, warnings=())
        return replace(super().finish(*arguments, **options), quality=quality)


class Meanwhile(Trusting):
    """Calls ``happens`` while it segments."""

    happens: Callable[[], object] = staticmethod(lambda: None)

    def finish(self, *arguments: Any, **options: Any) -> Segmentation:
        self.happens()
        return super().finish(*arguments, **options)


def trusting(engine: FakeEngine | None = None) -> Trusting:
    made = segmenter(engine)
    return Trusting.from_engine(made.metadata, made.engine)


def meanwhile(happens: Callable[[], object]) -> Meanwhile:
    made = segmenter()
    busy = Meanwhile.from_engine(made.metadata, made.engine)
    busy.happens = happens
    return busy
