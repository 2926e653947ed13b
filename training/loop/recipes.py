"""The training recipes.

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
from ..errors import TrainingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Epochs at one image size.

    Attributes:
        size: Side of the network's input, in pixels.
        epochs: Number of epochs.
        learning_rate: The highest in this stage.
    """

    size: int
    epochs: int
    learning_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the result of a run, apart from data and seed.

    The names of the fields are stored in checkpoints and run states.

    Attributes:
        name: Of the recipe.
        stages: Trained one after the other.
        preprocessing: Of the network's input; each stage sets its image size.
        transform: Makes the augmentation of a stage from its preprocessing.
        in_channels: Channels of the network's input; a grey image is repeated.
        batch_size: Images in a step, over all processes.
        optimiser: ``"sgd"`` (with ``momentum``) or ``"adamw"``.
        momentum: Of SGD.
        weight_decay: Of the optimiser.
        schedule: ``"constant"`` or ``"cosine"``, the latter with linear warm-up.
        warmup: Share of a stage that warms up.
        dice_weight: Weight of the Dice loss, added to cross-entropy.
        boundary_weight: Additional weight of cross-entropy near the outlines; see `loss_of`.
        clip_gradient: Largest norm of the gradient; None does not clip.
        average: Decay of the exponential moving average of the weights, which is saved; None saves the
            weights.
        balance: Sampling exponent. A folder of n images is drawn in proportion to n to the power of
            this; 1 draws every image once in an epoch.
        passes: Repeats per epoch: how often an epoch draws the images. Validating and saving after each
            epoch takes a GPU longer than training once on a few hundred images.
        decoder: Arguments of `ResNet50UNet` other than its defaults.
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
    """Return a recipe with some of its settings replaced; None keeps a setting.

    Args:
        recipe: Is left as it is.
        epochs: Of each stage.
        size: Image size of the last stage, which becomes the only one.
        learning_rate: The highest of each stage.
        passes: Repeats per epoch.
        transform: Makes the augmentation.

    Raises:
        TrainingError: The size is not a multiple of 32.
    """
    if size is not None and size % 32:
        raise TrainingError(f"The image size {size} is not a multiple of 32: use {round(size / 32) * 32}.")
    stages = recipe.stages if size is None else (replace(recipe.stages[-1], size=size),)
    if epochs is not None:
        stages = tuple(replace(stage, epochs=epochs) for stage in stages)
    if learning_rate is not None:
        stages = tuple(replace(stage, learning_rate=learning_rate) for stage in stages)
    return replace(
        recipe, stages=stages, passes=passes or recipe.passes, transform=transform or recipe.transform
    )


def resumed(recipe: Recipe, epochs: Sequence[int], *, prolonged: bool) -> Recipe:
    """Return a recipe with the epochs of the run that is resumed.

    Args:
        recipe: What the options ask for.
        epochs: Of each stage of the run; empty if they are not known.
        prolonged: Keep the epochs of the recipe's last stage, because the options set them.
    """
    if len(epochs) != len(recipe.stages):
        return recipe
    kept = [replace(stage, epochs=count) for stage, count in zip(recipe.stages, epochs, strict=True)]
    last = recipe.stages[-1] if prolonged else kept[-1]
    return replace(recipe, stages=(*kept[:-1], last))
