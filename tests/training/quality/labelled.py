"""Labelled examples for tests of what is fitted to them and drawn of them."""

from typing import cast

from model.quality.feature_vector import FeatureVector
from training.quality.examples import Example


def labelled_example(iou: float, *, variant: str, gross: bool | None = None) -> Example:
    """An example without features."""
    return Example(
        role="labelled",
        kind="frontal",
        variant=variant,
        group="",
        source="",
        features=cast(FeatureVector, None),
        iou=iou,
        gross=gross,
    )
