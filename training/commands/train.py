"""The command ``pleura train``. Its function is long because each option is a parameter."""

from typing import Any

import typer

from ..errors import TrainingError
from . import options
from .options import ModelName, RecipeName, parsed_lung_values


def train(
    data: options.Data,
    validation: options.Validation,
    out: options.RunFolder,
    recipe: options.ChosenRecipe = RecipeName.STRONG,
    resume: options.Resume = False,
    num_classes: options.NumClasses = 2,
    hearts: options.Hearts = False,
    lung_values: options.LungValues = None,
    weight: options.Weight = None,
    model: options.ChosenModel = ModelName.UNET,
    start_from: options.StartFrom = None,
    teacher: options.DistilledFrom = None,
    encoder_weights: options.EncoderWeights = "none",
    epochs: options.StageEpochs = None,
    size: options.StageSize = None,
    learning_rate: options.LearningRate = None,
    augmentation: options.Augmentation = None,
    passes: options.Passes = None,
    device: options.AnyDevice = "auto",
    mixed_precision: options.MixedPrecision = None,
    workers: options.Workers = None,
    seed: options.TrainingSeed = 0,
    name: options.CheckpointName = None,
) -> None:
    """Train a network on radiographs and masks.

    Writes best.safetensors and last.safetensors into --out, which pleura serve and pleura evaluate load.

    If it is killed, --resume goes on with the run. A finished run is prolonged with --resume and
    more --epochs, which are then those of its last image size.
    """
    from model.checkpoint import HEART, LUNG_AND_HEART, read_metadata
    from model.networks.architectures import DEEPLABV3, FCN, SMALL_UNET, UNET

    from ..data.datasets import SegmentationDataset
    from ..data.inspection import inspect, warn_of_shared
    from ..data.transforms import AUGMENTATIONS
    from ..loop.distributed import join_process_group
    from ..loop.fit import fit
    from ..loop.hardware import prepare_device
    from ..loop.recipes import RECIPES, adapted, resumed
    from ..loop.run_state import epochs_of_run
    from ..loop.summary import conclusion

    if start_from is not None and encoder_weights != "none":
        raise TrainingError(
            "A checkpoint holds encoder weights already: give --start-from or --encoder-weights."
        )
    if weight and len(weight) != len(data):
        raise TrainingError(f"There are {len(weight)} weights for {len(data)} folders: give one for each.")
    asked = adapted(
        RECIPES[recipe.value],
        epochs=epochs,
        size=size,
        learning_rate=learning_rate,
        passes=passes,
        transform=AUGMENTATIONS[augmentation.value] if augmentation else None,
    )
    hardware = prepare_device(device, mixed_precision=mixed_precision, workers=workers)
    with join_process_group(hardware.device) as group:
        with group.raise_together():
            if start_from is not None and num_classes == 2:
                hearts = hearts or HEART in read_metadata(start_from).classes
            classes = _classes(num_classes, hearts=hearts, lung_values=lung_values)
            train_set = SegmentationDataset(data, weights=weight, **classes)
            validation_set = SegmentationDataset(validation, **classes)
            if group.first and not resume:
                inspect(train_set, description="reading --data")
                inspect(validation_set, description="reading --validation")
                warn_of_shared(train_set, validation_set)
        if resume:
            asked = resumed(asked, group.broadcast(lambda: epochs_of_run(out)), prolonged=epochs is not None)
        best, planned, trained = fit(
            asked,
            train=train_set,
            validation=validation_set,
            out=out,
            architecture={
                ModelName.UNET: UNET,
                ModelName.SMALL: SMALL_UNET,
                ModelName.FCN: FCN,
                ModelName.DEEPLAB: DEEPLABV3,
            }[model],
            classes=LUNG_AND_HEART if hearts else (),
            encoder_weights=encoder_weights,
            start_from=start_from,
            teacher=teacher,
            hardware=hardware,
            seed=seed,
            resume=resume,
            name=name or out.resolve().name,
            group=group,
        )
        if group.first:
            typer.echo(conclusion(best, out, epochs=planned, trained=trained, validation=validation[0]))


def _classes(num_classes: int, *, hearts: bool, lung_values: str | None) -> dict[str, Any]:
    """Return what a data set must know of the classes of its masks."""
    if hearts and num_classes != 2:
        raise TrainingError("--hearts sets the classes: leave --num-classes out.")
    if lung_values and num_classes != 2:
        raise TrainingError("--lung-values is for masks of lungs alone: leave --num-classes out.")
    values = parsed_lung_values(lung_values)
    return {"num_classes": num_classes, "hearts": hearts, "lung_values": values}
