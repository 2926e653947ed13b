"""Recipes: how a network is trained, each one keyword-only object.

``paper``   pleura train --recipe paper  --data DIR --out runs/paper
``strong``  pleura train --recipe strong --data DIR --out runs/strong
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from model.networks.unet import LEAN_DECODER
from model.preprocessing import Preprocessing

from ..data import transforms
from ..data.datasets import Transform


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Some epochs at one image size.

    Attributes:
        size: side of the network's input, in pixels.
        epochs: how many.
        learning_rate: the highest in this stage.
    """

    size: int
    epochs: int
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what comes of a run, data and seed apart.

    Attributes:
        stages: what is trained in turn.
        preprocessing: how an image becomes the network's input; each stage puts its own size into it.
        transform: makes the augmentation of a stage.
        in_channels: channels of the network's input; a grey image is repeated.
        decoder: arguments of `ResNet50UNet` that are not its default.
        batch_size: images in a step, over all processes.
        optimiser: ``"sgd"`` (with ``momentum``) or ``"adamw"``.
        weight_decay: for the optimiser.
        schedule: ``"constant"``, or ``"cosine"`` after a linear warm-up in the first ``warmup`` of a stage.
        dice_weight: weight of the Dice loss beside cross-entropy.
        boundary_weight: how much more cross-entropy counts near the lungs' outlines; see `loss_of`.
        clip_gradient: largest norm of the gradient; None leaves it.
        average: decay of the exponential moving average of the weights, which is what is saved; None saves the weights.
        balance: how often a root of the data is drawn: in proportion to its size to the power of this. 1 draws every image
            once in an epoch.
        passes: over the images in an epoch. After each epoch the validation images are looked at and the run is saved, which takes
            a GPU longer than one pass over a few hundred images.
    """

    name: str
    stages: tuple[Stage, ...]
    preprocessing: Preprocessing
    transform: Callable[[Preprocessing], Transform]
    in_channels: int
    batch_size: int
    optimiser: Literal["sgd", "adamw"]
    momentum: float = 0.9
    weight_decay: float
    schedule: Literal["constant", "cosine"]
    warmup: float = 0.0
    dice_weight: float = 0.0
    boundary_weight: float = 0.0
    clip_gradient: float | None = None
    average: float | None = None
    balance: float = 1.0
    passes: int = 1
    decoder: dict[str, Any] = field(default_factory=dict)


PAPER = Recipe(
    name="paper",
    stages=(Stage(size=256, epochs=20, learning_rate=0.001),),
    preprocessing=Preprocessing(normalisation="unit"),
    transform=transforms.plain_transform,
    in_channels=3,
    batch_size=8,
    optimiser="sgd",
    momentum=0.9,
    weight_decay=1e-4,
    schedule="constant",
)

STRONG = Recipe(
    name="strong",
    stages=(
        Stage(size=128, epochs=56, learning_rate=1e-3),
        Stage(size=256, epochs=18, learning_rate=4e-4),
    ),
    preprocessing=Preprocessing(normalisation="zscore"),
    transform=transforms.strong_transform,
    in_channels=1,
    batch_size=16,
    optimiser="adamw",
    weight_decay=0.02,
    schedule="cosine",
    warmup=0.05,
    dice_weight=1.0,
    clip_gradient=1.0,
    average=0.995,
    balance=0.5,
    decoder=LEAN_DECODER,
)

RECIPES = {recipe.name: recipe for recipe in (PAPER, STRONG)}


def adapted(
    recipe: Recipe,
    *,
    epochs: int | None = None,
    size: int | None = None,
    learning_rate: float | None = None,
    passes: int | None = None,
    transform: Callable[[Preprocessing], Transform] | None = None,
) -> Recipe:
    """A recipe with other epochs in each stage, its last stage alone at another image size, another learning rate, more passes over
    the images in an epoch, or another augmentation; None keeps what it has.
    """
    stages = recipe.stages if size is None else (replace(recipe.stages[-1], size=size),)
    if epochs is not None:
        stages = tuple(replace(stage, epochs=epochs) for stage in stages)
    if learning_rate is not None:
        stages = tuple(replace(stage, learning_rate=learning_rate) for stage in stages)
    return replace(
        recipe, stages=stages, passes=passes or recipe.passes, transform=transform or recipe.transform
    )


def resumed(recipe: Recipe, epochs: Sequence[int], *, prolonged: bool) -> Recipe:
    """A recipe with the epochs of the run that is gone on with; ``prolonged`` keeps the last stage's own.

    Args:
        recipe: what the options ask for.
        epochs: of each stage of the run; none where they are not known.
        prolonged: whether the options say how many epochs there are.
    """
    if len(epochs) != len(recipe.stages):
        return recipe
    kept = [replace(stage, epochs=count) for stage, count in zip(recipe.stages, epochs, strict=True)]
    last = recipe.stages[-1] if prolonged else kept[-1]
    return replace(recipe, stages=(*kept[:-1], last))
