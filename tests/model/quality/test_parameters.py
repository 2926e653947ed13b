import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.checkpoint import BUNDLED, read_metadata
from model.errors import CheckpointError
from model.quality import QualityModel
from model.quality.feature_vector import extract_features
from model.quality.features import DISTANCES, FIRST_DISTANCES, FIRST_SCALARS, SCALARS
from model.quality.ood import scalars

from .drawings import draw_chest
from .quality_models import make_quality_model

QUALITY_MODEL = make_quality_model([draw_chest(seed) for seed in range(20)], figures={"r": 0.9})


def test_parameters_survive_json() -> None:
    there = json.loads(json.dumps(QUALITY_MODEL.model_dump(mode="json")))
    back = QualityModel.parse(there)
    np.testing.assert_allclose(
        back.reference.embedding.directions, QUALITY_MODEL.reference.embedding.directions, rtol=1e-5
    )
    np.testing.assert_allclose(back.kinds.bias, QUALITY_MODEL.kinds.bias)
    assert back.figures == {"r": 0.9}
    assert back.model_dump(mode="json") == there


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"version": None}, {"frontal": None}, {"familiar": {"embedding": 3}}]
)
def test_parameters_of_another_format_are_rejected(change: dict[str, object]) -> None:
    numbers = QUALITY_MODEL.model_dump(mode="json") | change
    with pytest.raises(CheckpointError, match="pleura calibrate"):
        QualityModel.parse(numbers)


def test_damaged_array_is_rejected() -> None:
    numbers = json.loads(json.dumps(QUALITY_MODEL.model_dump(mode="json")))
    numbers["familiar"]["whole"]["directions"]["data"] = "AAAA"
    with pytest.raises(CheckpointError):
        QualityModel.parse(numbers)
    numbers["familiar"]["whole"]["directions"] = {"type": "object", "shape": [1], "data": ""}
    with pytest.raises(CheckpointError):
        QualityModel.parse(numbers)


def _saved(**changes: object) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads(json.dumps(QUALITY_MODEL.model_dump(mode="json")))
    return numbers | changes


def test_feature_names_are_stored() -> None:
    assert _saved()["scalars"] == list(SCALARS)
    assert _saved()["distances"] == list(DISTANCES)
    assert len(set(SCALARS)) == len(SCALARS) == len(QUALITY_MODEL.reference.scalar_mean)


def test_feature_names_have_the_order_of_the_values() -> None:
    """Evidence that differs in one measure differs in the scalar of that name."""
    one = extract_features(draw_chest(0))
    other = replace(one, image=replace(one.image, frame=9.0, bands=(1.0, 2.0, 3.0, 9.0)))
    changed = [name for name, a, b in zip(SCALARS, scalars(one), scalars(other), strict=True) if a != b]
    assert (
        {"image.frame", "image.bands.3"}
        <= set(changed)
        <= {"image.frame", *(f"image.bands.{n}" for n in range(4))}
    )
    other = replace(
        one, mask=replace(one.mask, symmetry=9.0), uncertainty=replace(one.uncertainty, worst=9.0)
    )
    changed = [name for name, a, b in zip(SCALARS, scalars(one), scalars(other), strict=True) if a != b]
    assert changed == ["mask.symmetry", "network.worst"]


@pytest.mark.parametrize("field", ["scalars", "distances"])
def test_features_in_another_order_are_rejected(field: str) -> None:
    names = _saved()[field]
    with pytest.raises(
        CheckpointError, match=r"fitted to features in another order\. Run `pleura calibrate`"
    ):
        QualityModel.parse(_saved(**{field: [names[1], names[0], *names[2:]]}))


def test_unknown_feature_is_rejected_by_name() -> None:
    with pytest.raises(
        CheckpointError, match=r"other features than this version measures \(mask\.area, mask\.perimeter\)"
    ):
        QualityModel.parse(_saved(scalars=["mask.perimeter", *SCALARS[1:]]))


def test_unknown_kinds_are_rejected() -> None:
    numbers = _saved()
    numbers["kinds"]["names"][1] = "blurred"
    with pytest.raises(CheckpointError, match=r"blurred, inverted"):
        QualityModel.parse(numbers)


def test_more_names_than_values_are_rejected() -> None:
    with pytest.raises(CheckpointError, match="This version cannot read"):
        QualityModel.parse(_saved(scalars=[*SCALARS, "mask.perimeter"]))


def test_parameters_without_names_have_the_names_of_their_version() -> None:
    numbers = _saved()
    del numbers["scalars"], numbers["distances"]
    calibration = QualityModel.parse(numbers)
    assert (calibration.scalars, calibration.distances) == (FIRST_SCALARS, FIRST_DISTANCES)
    assert len(FIRST_SCALARS) == 41


def test_bundled_quality_model_is_read() -> None:
    numbers = read_metadata(BUNDLED).calibration
    assert numbers is not None
    QualityModel.parse(numbers)
