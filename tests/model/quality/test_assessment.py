import numpy as np
import pytest

from model.quality import QualityModel, assess, with_age
from model.quality.features import KINDS
from model.quality.parameters import Kinds, Linear

from .drawings import draw_chest, draw_evidence, draw_labels, draw_texture
from .quality_models import make_quality_model

CHESTS = [draw_chest(seed) for seed in range(40)]
QUALITY_MODEL = make_quality_model(CHESTS)


def _codes(*arguments: object) -> list[str]:
    return [warning.code for warning in assess(*arguments).warnings]  # type: ignore[arg-type]


def _sure_of(kind: str) -> Kinds:
    bias = np.where(np.array(KINDS) == kind, 9.0, 0.0)
    return Kinds(names=KINDS, weights=np.zeros_like(QUALITY_MODEL.kinds.weights), bias=bias)


def test_nothing_is_trusted_without_a_quality_model() -> None:
    quality = assess(draw_evidence(), None)
    assert quality.predicted_iou is None
    assert not quality.trusted
    assert [warning.code for warning in quality.warnings] == ["not_calibrated"]
    assert _codes(draw_evidence(draw_labels(left=None)), None) == ["one_lung", "not_calibrated"]


def test_good_chest_is_trusted_without_warnings() -> None:
    for seed in range(100, 110):
        quality = assess(draw_chest(seed), QUALITY_MODEL)
        assert quality.trusted
        assert quality.warnings == ()
        assert quality.predicted_iou == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)


def test_out_of_distribution_image_is_not_a_chest() -> None:
    for seed in range(10):
        quality = assess(draw_texture(seed), QUALITY_MODEL)
        assert not quality.trusted
        assert "probably_not_frontal" in [warning.code for warning in quality.warnings]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("inverted", "probably_inverted"),
        ("rotated", "probably_rotated"),
        ("cropped", "probably_cropped"),
        ("foreign", "probably_not_frontal"),
    ],
)
def test_known_kind_of_image_is_named(kind: str, code: str) -> None:
    named = make_quality_model(CHESTS, kinds=_sure_of(kind))
    quality = assess(draw_chest(100), named)
    assert [warning.code for warning in quality.warnings] == [code]
    assert not quality.trusted
    assert code in _codes(draw_texture(0), named)


def _of_children(odds: float) -> QualityModel:
    weights = np.zeros(QUALITY_MODEL.kinds.weights.shape[1])
    return make_quality_model(CHESTS, child=Linear(weights=weights, bias=odds))


def test_child_is_named_and_not_trusted() -> None:
    quality = assess(draw_chest(100), _of_children(1.0))
    assert [warning.code for warning in quality.warnings] == ["child"]
    assert not quality.trusted
    assert assess(draw_chest(100), _of_children(-1.0)).trusted


def test_image_that_is_not_frontal_is_not_called_a_childs() -> None:
    quality = assess(draw_texture(0), _of_children(1.0))
    assert "child" not in [warning.code for warning in quality.warnings]
    assert not quality.trusted


def test_age_in_the_file_overrules_the_image() -> None:
    probably_child = assess(draw_chest(100), _of_children(1.0))
    assert with_age(probably_child, None) == probably_child
    assert with_age(probably_child, 40).trusted
    assert with_age(probably_child, 40).warnings == ()
    adult = assess(draw_chest(100), _of_children(-1.0))
    assert [warning.code for warning in with_age(adult, 15.9).warnings] == ["child"]
    assert not with_age(adult, 15.9).trusted
    assert with_age(adult, 16).trusted


def test_adult_with_another_warning_stays_untrusted() -> None:
    lone = assess(draw_evidence(draw_labels(left=None)), _of_children(1.0))
    assert not with_age(lone, 40).trusted


def test_uncertain_kind_of_image_is_not_named() -> None:
    hesitant = Kinds(
        names=KINDS, weights=np.zeros_like(QUALITY_MODEL.kinds.weights), bias=np.array([0, 0.5, 0, 0, 0])
    )
    assert _codes(draw_chest(100), make_quality_model(CHESTS, kinds=hesitant)) == []


def test_low_predicted_iou_has_a_warning_with_its_value() -> None:
    low = Linear(weights=np.zeros_like(QUALITY_MODEL.predicted_iou.weights), bias=0.0)
    quality = assess(draw_chest(100), make_quality_model(CHESTS, predicted_iou=low))
    assert quality.predicted_iou == 0.5
    assert not quality.trusted
    (warning,) = quality.warnings
    assert warning.code == "low_confidence"
    assert "0.50" in warning.message


def test_lungs_at_the_border_have_a_note_and_are_trusted() -> None:
    cut = [draw_evidence(draw_labels(right=(9, 32, 9, 20)), seed=seed) for seed in range(20)]
    quality = assess(cut[0], make_quality_model([*CHESTS, *cut]))
    assert [warning.code for warning in quality.warnings] == ["touches_border"]
    assert quality.trusted


def test_empty_mask_has_a_predicted_iou_of_0() -> None:
    quality = assess(draw_evidence(draw_labels(None, None)), QUALITY_MODEL)
    assert quality.predicted_iou == 0
    assert "no_lung" in [warning.code for warning in quality.warnings]
    assert not quality.trusted


def test_parameters_from_the_metadata_give_the_same_assessment() -> None:
    numbers = QUALITY_MODEL.model_dump(mode="json")
    for evidence in (draw_chest(100), draw_texture(0)):
        assert assess(evidence, numbers) == assess(evidence, QualityModel.parse(numbers))


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (256, 200), (33, 65)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_extreme_maps_of_any_size_are_assessed(size: tuple[int, int], value: float) -> None:
    from model.quality import Evidence

    quality = assess(
        Evidence(
            input=np.zeros(size, np.float32),
            probabilities=np.full(size, value, np.float32),
            labels=np.full(size, int(value), np.uint8),
            embedding=np.zeros(8, np.float32),
            threshold=0.5,
        ),
        QUALITY_MODEL,
    )
    assert not quality.trusted
    assert quality.predicted_iou is not None
    assert 0 <= quality.predicted_iou <= 1
