"""The command ``pleura train``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import Data, DeviceName


class RecipeName(StrEnum):
    """Recipes by name."""

    PAPER = "paper"
    STRONG = "strong"


def train(
    data: Data,
    validation: Annotated[
        list[Path],
        typer.Option(help="Like --data: images that choose the best epoch.", exists=True, file_okay=False),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the run: checkpoints, curves, what a resumed run needs.")
    ],
    recipe: Annotated[RecipeName, typer.Option(help="How to train.")] = RecipeName.STRONG,
    resume: Annotated[bool, typer.Option(help="Go on with the run in --out.")] = False,
    num_classes: Annotated[int, typer.Option(min=2, help="Classes of the masks, background included.")] = 2,
    encoder_weights: Annotated[
        str, typer.Option(help="none, imagenet (downloaded) or a file of torchvision's ResNet50.")
    ] = "none",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of each stage, instead of the recipe's.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=32, help="Train in one stage, the recipe's last, at this image size; a multiple of 32."
        ),
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="auto takes CUDA where there is one.")] = DeviceName.AUTO,
    mixed_precision: Annotated[
        bool | None,
        typer.Option(help="bf16; if not given, on CUDA and on a CPU that has bf16 instructions."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read and augment images.")] = 0,
    seed: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="Decides first weights, order and augmentation.")
    ] = 0,
    name: Annotated[str, typer.Option(help="Name that the checkpoint carries.")] = "pleura-r50-256",
) -> None:
    """Trains a network on radiographs and masks.

    Ends with best.safetensors and last.safetensors in --out, which pleura serve and pleura evaluate load.

    Killed at any moment, it goes on with --resume.
    """
    import cv2
    import torch

    from model.threads import available_cpus

    from ..datasets import SegmentationDataset
    from ..errors import TrainingError
    from ..fit import fit
    from ..inspection import inspect
    from ..recipes import RECIPES, shortened

    if size is not None and size % 32:
        raise TrainingError(f"The image size {size} is no multiple of 32: take {round(size / 32) * 32}.")
    if device is DeviceName.CUDA and not torch.cuda.is_available():
        raise TrainingError("No CUDA device is available: use --device cpu.")
    on_cuda = torch.cuda.is_available() and device is not DeviceName.CPU
    torch.set_num_threads(available_cpus())
    cv2.setNumThreads(1)
    learnt = SegmentationDataset(data, num_classes=num_classes)
    judged = SegmentationDataset(validation, num_classes=num_classes)
    if not resume:
        inspect(learnt, description="reading --data")
        inspect(judged, description="reading --validation")
    fit(
        shortened(RECIPES[recipe.value], epochs=epochs, size=size),
        train=learnt,
        validation=judged,
        out=out,
        num_classes=num_classes,
        encoder_weights=encoder_weights,
        device="cuda" if on_cuda else "cpu",
        mixed_precision=(on_cuda or _cpu_has_bf16()) if mixed_precision is None else mixed_precision,
        workers=workers,
        seed=seed,
        resume=resume,
        name=name,
    )


def _cpu_has_bf16() -> bool:
    """Without such instructions bf16 is several times slower than fp32."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported())
