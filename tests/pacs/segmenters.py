"""Segmenters without a network, which trust what they make or do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from model.quality import Quality
from model.segmentation import Segmentation
from model.segmenter import Segmenter
from tests.app.fakes import FakeEngine, segmenter


class Trusting(Segmenter):
    """Trusts every mask, as nothing is known of a fake's."""

    def finish(self, *arguments: Any, **options: Any) -> Segmentation:
        quality = Quality(predicted_iou=0.95, trusted=True, warnings=())
        return replace(super().finish(*arguments, **options), quality=quality)


class Meanwhile(Trusting):
    """Something happens while it works."""

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
