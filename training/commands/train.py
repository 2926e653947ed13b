"""The command ``pleura train``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from model.devices import Device

from .options import Data, LungValues, MixedPrecision, Workers


class RecipeName(StrEnum):
    """Recipes by name."""

    PAPER = "paper"
    STRONG = "strong"


class AugmentationName(StrEnum):
    """Augmentations by name."""

    STRONG = "strong"
    HARDER = "harder"


class ModelName(StrEnum):
    """Networks by name."""

    UNET = "unet"
    FCN = "fcn"
    DEEPLAB = "deeplab"


def train(
    data: Data,
    validation: Annotated[
        list[Path],
        typer.Option(help="Like --data: images that select the best epoch.", exists=True, file_okay=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, curves, state.")],
    recipe: Annotated[RecipeName, typer.Option(help="Training recipe.")] = RecipeName.STRONG,
    resume: Annotated[bool, typer.Option(help="Go on with the run in --out.")] = False,
    num_classes: Annotated[int, typer.Option(min=2, help="Classes of the masks, background included.")] = 2,
    hearts: Annotated[
        bool,
        typer.Option(help="Train the heart as a third class, from hearts/ in the folders that have it."),
    ] = False,
    lung_values: LungValues = None,
    weight: Annotated[
        list[float] | None,
        typer.Option(
            min=0.0,
            help="Factor of the sampling frequency of a --data folder; one for each, in the same order.",
        ),
    ] = None,
    model: Annotated[
        ModelName, typer.Option(help="The network; fcn and deeplab are torchvision's, to compare with.")
    ] = ModelName.UNET,
    start_from: Annotated[
        Path | None,
        typer.Option(
            help="Checkpoint to fine-tune, such as the bundled one, to adapt it to your own images.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    encoder_weights: Annotated[
        str, typer.Option(help="none, imagenet (downloaded) or a file of torchvision's ResNet50.")
    ] = "none",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of each stage, instead of the recipe's.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=32, help="Train only the recipe's last stage, at this image size; a multiple of 32."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(min=0.0, help="The highest of each stage, instead of the recipe's."),
    ] = None,
    augmentation: Annotated[
        AugmentationName | None,
        typer.Option(help="Instead of the recipe's; harder is stronger than strong."),
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Repeats of the images per epoch, instead of the recipe's. On a GPU, validating and saving "
            "takes longer than one repeat of a few hundred images: use 20 or so.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="auto selects CUDA if available.")] = "auto",
    mixed_precision: MixedPrecision = None,
    workers: Workers = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="Decides first weights, order and augmentation.")
    ] = 0,
    name: Annotated[
        str | None,
        typer.Option(help="Name that the checkpoint carries; that of the folder --out if not given."),
    ] = None,
) -> None:
    """Train a network on radiographs and masks.

    Writes best.safetensors and last.safetensors into --out, which pleura serve and pleura evaluate load.

    If it is killed, --resume goes on with the run. A finished run is prolonged with --resume and
    more --epochs, which are then those of its last image size.
    """
    import cv2

    from model.checkpoint import DEEPLABV3, FCN, LUNG_AND_HEART, UNET
    from model.ground_truth import parse_lung_values

    from ..data.datasets import SegmentationDataset
    from ..data.inspection import inspect, warn_of_shared
    from ..data.transforms import AUGMENTATIONS
    from ..errors import TrainingError
    from ..loop.distributed import join_process_group
    from ..loop.fit import fit
    from ..loop.hardware import prepare_device
    from ..loop.recipes import RECIPES, adapted, resumed
    from ..loop.run_state import epochs_of_run
    from ..loop.summary import conclusion

    if size is not None and size % 32:
        raise TrainingError(f"The image size {size} is not a multiple of 32: use {round(size / 32) * 32}.")
    if start_from is not None and encoder_weights != "none":
        raise TrainingError(
            "A checkpoint holds encoder weights already: give --start-from or --encoder-weights."
        )
    if hearts and num_classes != 2:
        raise TrainingError("--hearts sets the classes: leave --num-classes out.")
    if lung_values and num_classes != 2:
        raise TrainingError("--lung-values is for masks of lungs alone: leave --num-classes out.")
    if weight and len(weight) != len(data):
        raise TrainingError(f"There are {len(weight)} weights for {len(data)} folders: give one for each.")
    hardware = prepare_device(device, mixed_precision=mixed_precision, workers=workers)
    cv2.setNumThreads(1)
    with join_process_group(hardware.device) as group:
        with group.raise_together():
            values = parse_lung_values(lung_values) if lung_values else None
            train_set = SegmentationDataset(
                data, num_classes=num_classes, hearts=hearts, weights=weight, lung_values=values
            )
            validation_set = SegmentationDataset(
                validation, num_classes=num_classes, hearts=hearts, lung_values=values
            )
            if group.first and not resume:
                inspect(train_set, description="reading --data")
                inspect(validation_set, description="reading --validation")
                warn_of_shared(train_set, validation_set)
        asked = adapted(
            RECIPES[recipe.value],
            epochs=epochs,
            size=size,
            learning_rate=learning_rate,
            passes=passes,
            transform=AUGMENTATIONS[augmentation.value] if augmentation else None,
        )
        if resume:
            asked = resumed(asked, group.broadcast(lambda: epochs_of_run(out)), prolonged=epochs is not None)
        best, planned, trained = fit(
            asked,
            train=train_set,
            validation=validation_set,
            out=out,
            architecture={ModelName.UNET: UNET, ModelName.FCN: FCN, ModelName.DEEPLAB: DEEPLABV3}[model],
            classes=LUNG_AND_HEART if hearts else (),
            encoder_weights=encoder_weights,
            start_from=start_from,
            hardware=hardware,
            seed=seed,
            resume=resume,
            name=name or out.resolve().name,
            group=group,
        )
        if group.first:
            typer.echo(conclusion(best, out, epochs=planned, trained=trained, validation=validation[0]))
