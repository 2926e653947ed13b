"""Options of the commands: each with its help, its bounds and its type."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from model.devices import Device, EngineChoice


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
    SMALL = "small"
    FCN = "fcn"
    DEEPLAB = "deeplab"


class BaselineName(StrEnum):
    """Baselines by name."""

    OTSU = "otsu"
    ADAPTIVE = "adaptive"


# What several commands take.

Data = Annotated[
    list[Path],
    typer.Option(
        help="Folder with images/ and masks/; may be given more than once.", exists=True, file_okay=False
    ),
]

LungValues = Annotated[
    str | None,
    typer.Option(
        metavar="N[,N…]",
        help="Values of the masks that are lung (indices of a palette, numbers of a DICOM SEG's segments); "
        "if not given, all but the background.",
    ),
]


def parsed_lung_values(text: str | None) -> frozenset[int] | None:
    """Return the values of --lung-values; None if it is not given."""
    from model.ground_truth import parse_lung_values

    return parse_lung_values(text) if text else None


AnyDevice = Annotated[Device, typer.Option(help="auto selects CUDA if available.")]

MixedPrecision = Annotated[
    bool | None,
    typer.Option(help="bf16; if not given, on CUDA and on a CPU that has bf16 instructions."),
]

Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that read and augment images; if not given, on CUDA one per processor, else none.",
    ),
]

# What `pleura train` takes.

Validation = Annotated[
    list[Path],
    typer.Option(help="Like --data: images that select the best epoch.", exists=True, file_okay=False),
]

RunFolder = Annotated[Path, typer.Option(help="Folder of the run: checkpoints, curves, state.")]

ChosenRecipe = Annotated[RecipeName, typer.Option(help="Training recipe.")]

Resume = Annotated[bool, typer.Option(help="Go on with the run in --out.")]

NumClasses = Annotated[int, typer.Option(min=2, help="Classes of the masks, background included.")]

Hearts = Annotated[
    bool,
    typer.Option(help="Train the heart as a third class, from hearts/ in the folders that have it."),
]

Weight = Annotated[
    list[float] | None,
    typer.Option(
        min=0.0,
        help="Factor of the sampling frequency of a --data folder; one for each, in the same order.",
    ),
]

ChosenModel = Annotated[
    ModelName,
    typer.Option(
        help="The network: small is for processors, fcn and deeplab are torchvision's, to compare with."
    ),
]

StartFrom = Annotated[
    Path | None,
    typer.Option(
        help="Checkpoint to fine-tune, such as the bundled one, to adapt it to your own images.",
        exists=True,
        dir_okay=False,
    ),
]

DistilledFrom = Annotated[
    Path | None,
    typer.Option(
        help="Checkpoint with the same classes: its probabilities are learnt too (distillation).",
        exists=True,
        dir_okay=False,
    ),
]

EncoderWeights = Annotated[
    str, typer.Option(help="none, imagenet (downloaded) or a file of torchvision's ResNet50.")
]

StageEpochs = Annotated[
    int | None, typer.Option(min=1, help="Epochs of each stage, instead of the recipe's.")
]

StageSize = Annotated[
    int | None,
    typer.Option(min=32, help="Train only the recipe's last stage, at this image size; a multiple of 32."),
]

LearningRate = Annotated[
    float | None,
    typer.Option(min=0.0, help="The highest of each stage, instead of the recipe's."),
]

Augmentation = Annotated[
    AugmentationName | None,
    typer.Option(help="Instead of the recipe's; harder is stronger than strong."),
]

Passes = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Repeats of the images per epoch, instead of the recipe's. On a GPU, validating and saving "
        "takes longer than one repeat of a few hundred images: use 20 or so.",
    ),
]

TrainingSeed = Annotated[
    int, typer.Option(min=0, max=2**31 - 1, help="Decides first weights, order and augmentation.")
]

CheckpointName = Annotated[
    str | None,
    typer.Option(help="Name that the checkpoint carries; that of the folder --out if not given."),
]

# What `pleura clean` takes.

CleanedFolder = Annotated[
    Path,
    typer.Option(help="Folder for the cleaned masks, the judgements with pictures, and the runs."),
]

Folds = Annotated[int, typer.Option(min=2, help="Networks to train, each without its share of the images.")]

NetworkEpochs = Annotated[int, typer.Option(min=1, help="Epochs of each network.")]

NetworkSize = Annotated[int, typer.Option(min=32, help="Image size of each network; a multiple of 32.")]

NetworkEncoderWeights = Annotated[
    str, typer.Option(help="What each network starts from: none, imagenet or a file, as in pleura train.")
]

UnseenCheckpoint = Annotated[
    Path | None,
    typer.Option(
        help="Use this network, which was not trained on the images, instead of training any.",
        exists=True,
        dir_okay=False,
    ),
]

Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides all random numbers.")]

# What `pleura evaluate` takes.

Evaluated = Annotated[
    Path | None,
    typer.Option(help="Checkpoint to evaluate: a file, or small; pleura-r50-256 if not given."),
]

ResultsFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder for report.html, cases.csv, summary.json, masks and pictures.", file_okay=False
    ),
]

ChosenEngine = Annotated[EngineChoice, typer.Option(help="auto selects the engine of the service.")]

Flips = Annotated[bool, typer.Option(help="Average over each image and its mirror image, at twice the time.")]

Baseline = Annotated[BaselineName | None, typer.Option(help="Evaluate a threshold instead of a checkpoint.")]

# What `pleura pseudo-label` takes.

Unlabelled = Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)]

LabelsFolder = Annotated[
    Path, typer.Option(help="New folder for images/, masks/ and ignore/.", file_okay=False)
]

Teachers = Annotated[
    list[Path] | None,
    typer.Option(help="A teacher; may be given more than once. The bundled checkpoint if not given."),
]

Bounds = Annotated[
    Path | None,
    typer.Option(
        help="Folder of masks that contain the lungs and more, such as the heart: outer bounds.",
        exists=True,
        file_okay=False,
    ),
]

TeacherFlips = Annotated[
    bool,
    typer.Option(help="Average each teacher over an image and its mirror image, at twice the time."),
]
