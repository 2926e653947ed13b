import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from model.networks.unet import STRIDE
from training.data.transforms import harder_transform
from training.loop.optimisation import learning_rate
from training.loop.provenance import describe_recipe
from training.loop.recipes import PAPER, RECIPES, STRONG, Stage, adapted


def test_paper_recipe_has_the_paper_s_settings() -> None:
    assert describe_recipe(PAPER, seed=0) == {
        "seed": 0,
        "name": "paper",
        "stages": [{"size": 256, "epochs": 20, "learning_rate": 0.001}],
        "preprocessing": {
            "input_size": 256,
            "resize": "stretch",
            "normalisation": "unit",
            "clip_percentiles": [1.0, 99.0],
        },
        "transform": "plain_transform",
        "in_channels": 3,
        "batch_size": 8,
        "optimiser": "sgd",
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "constant",
        "warmup": 0.0,
        "dice_weight": 0.0,
        "boundary_weight": 0.0,
        "clip_gradient": None,
        "average": None,
        "balance": 1.0,
        "passes": 1,
        "decoder": {},
    }


def test_paper_preprocessing_equals_totensor() -> None:
    grey = np.arange(256 * 256).reshape(256, 256).astype(np.uint8)
    image = tv_tensors.Image(torch.from_numpy(grey / np.float32(255))[None])
    x, _ = PAPER.transform(PAPER.preprocessing)(
        image, tv_tensors.Mask(torch.zeros(256, 256, dtype=torch.uint8))
    )
    assert torch.equal(x[0].as_subclass(torch.Tensor), torch.from_numpy(grey).to(torch.float32).div(255))


def test_paper_has_a_constant_learning_rate() -> None:
    assert {learning_rate(PAPER, PAPER.stages[0], progress) for progress in (0.0, 0.3, 1.0)} == {0.001}


def test_strong_has_warm_up_and_cosine_decay() -> None:
    stage = Stage(size=64, epochs=10, learning_rate=1.0)
    recipe = replace(STRONG, warmup=0.2)
    assert learning_rate(recipe, stage, 0.0) == pytest.approx(0.01)
    assert learning_rate(recipe, stage, 0.1) == pytest.approx(0.505)
    assert learning_rate(recipe, stage, 0.2) == pytest.approx(1.0)
    assert learning_rate(recipe, stage, 0.6) == pytest.approx(0.01 + 0.99 * (1 + math.cos(math.pi / 2)) / 2)
    assert learning_rate(recipe, stage, 1.0) == pytest.approx(0.01)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_end_at_the_served_image_size(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.name == name
    assert recipe.stages[-1].size == recipe.preprocessing.input_size
    assert all(stage.size % STRIDE == 0 for stage in recipe.stages)


def test_adapted_in_epochs_keeps_the_stages() -> None:
    stages = adapted(STRONG, epochs=2).stages
    assert [stage.size for stage in stages] == [stage.size for stage in STRONG.stages]
    assert [stage.epochs for stage in stages] == [2] * len(stages)


def test_adapted_in_size_keeps_the_last_stage() -> None:
    (stage,) = adapted(STRONG, size=64).stages
    assert stage == replace(STRONG.stages[-1], size=64)


def test_adapted_without_changes_is_the_recipe() -> None:
    assert adapted(STRONG) == STRONG


def test_adapted_repeats_and_augmentation_change_nothing_else() -> None:
    assert adapted(STRONG, passes=20, transform=harder_transform) == replace(
        STRONG, passes=20, transform=harder_transform
    )


def test_adapted_in_learning_rate_changes_every_stage() -> None:
    adapted_stages = adapted(STRONG, learning_rate=0.5).stages
    assert [stage.learning_rate for stage in adapted_stages] == [0.5] * len(STRONG.stages)
