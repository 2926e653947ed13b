"""The training loop.

    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x
    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x --resume

A run writes into its folder after each epoch: ``last.safetensors`` and ``best.safetensors``
(checkpoints that the service loads), ``state.pt`` (what a resumed run needs), ``epochs.csv``,
``curves.png`` and ``tensorboard/``. A run that was killed resumes after its last complete epoch; on a
CPU its weights then equal those of a run that was not killed.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch

from model.checkpoint import Checkpoint, CheckpointMetadata, read_checkpoint, read_metadata
from model.networks.architectures import UNET
from model.networks.unet import LEAN_DECODER

from ..data.datasets import SegmentationDataset
from .distributed import ALONE, Group
from .hardware import CPU, Hardware
from .initial_weights import load_initial_weights
from .learner import Learner
from .provenance import describe_data, describe_recipe, git_revision
from .recipes import Recipe
from .run_log import Row
from .run_state import claim, load_state
from .stages import Run, train_stages
from .teacher import Teacher


class Outcome(NamedTuple):
    """The result of a run.

    Attributes:
        best: Metadata of ``best.safetensors``.
        epochs: Of the whole run.
        trained: Those of this call; fewer than ``epochs`` in a resumed run.
    """

    best: CheckpointMetadata
    epochs: int
    trained: int


def fit(
    recipe: Recipe,
    *,
    train: SegmentationDataset,
    validation: SegmentationDataset,
    out: Path,
    name: str,
    architecture: str = UNET,
    classes: tuple[str, ...] = (),
    encoder_weights: str = "none",
    start_from: Path | None = None,
    teacher: Path | None = None,
    hardware: Hardware = CPU,
    seed: int = 0,
    resume: bool = False,
    group: Group = ALONE,
) -> Outcome:
    """Train a network by a recipe.

    The function is long because of its parameters; `train_stages` does the training.

    Args:
        recipe: Stages, augmentation, optimiser and loss.
        train: The training set; its transform is replaced by the recipe's.
        validation: The images that select the best epoch of the last stage; its transform is replaced too.
        out: The run's folder.
        name: Of the checkpoint.
        architecture: Our network, or one of torchvision's.
        classes: Names of the masks' classes, where they are known; stored in the checkpoint.
        encoder_weights: ``"none"``, ``"imagenet"`` (torchvision's, downloaded) or a file.
        start_from: A checkpoint of the same network; its weights replace ``encoder_weights``.
        teacher: A checkpoint whose probabilities are learnt besides the masks; see `Teacher`.
        hardware: Device, precision and worker processes. bf16 is faster on CUDA, and on a CPU only if
            it has bf16 instructions.
        seed: Decides the first weights, the order and the augmentation.
        resume: Go on with the run in ``out``, which may have had fewer epochs in its last stage.
        group: The processes that train this network together; the first one alone writes into ``out``.

    Raises:
        DataError: A file cannot be read; the message names it.
        TrainingError: The loss is NaN or infinite, the disk is full, the folder holds another run, or
            none to resume.
    """
    torch.manual_seed(seed)
    # Read once, so that the provenance in the metadata is that of the weights that are used.
    source = None if start_from is None else read_checkpoint(start_from)
    taught_by = None if teacher is None else read_checkpoint(teacher)
    metadata = CheckpointMetadata(
        name=name,
        architecture=architecture,
        num_classes=train.num_classes,
        classes=classes,
        in_channels=recipe.in_channels,
        **_decoder(recipe, source),
        preprocessing=recipe.preprocessing,
        encoder_weights=Path(encoder_weights).name if source is None else source.metadata.encoder_weights,
        recipe=describe_recipe(recipe, seed=seed, start_from=source, teacher=taught_by),
        data=describe_data(train, validation),
        git_revision=git_revision(),
    )
    origin = _origin(metadata)
    group.require_same(origin)
    with group.first_enters(claim(out)):
        network = metadata.network()
        state: dict[str, Any] | None = None
        if resume:
            state = group.broadcast(lambda: load_state(out, same=origin))
        else:
            group.broadcast(
                lambda: load_initial_weights(network, out, source=source, encoder_weights=encoder_weights)
            )
        learner = Learner(
            network,
            recipe,
            hardware=hardware,
            group=group,
            state=state,
            teacher=None if taught_by is None else Teacher(taught_by, student=metadata, hardware=hardware),
        )
        rows: list[Row] = state["rows"] if state else []
        best = state["best"] if state else -1.0
        del state
        run = Run(out, metadata, origin, train, validation, seed)
        train_stages(run, learner, rows=rows, best=best)
        epochs = sum(stage.epochs for stage in recipe.stages)
        saved = group.broadcast(lambda: read_metadata(out / "best.safetensors"))
        return Outcome(saved, epochs, epochs - len(rows))


def _decoder(recipe: Recipe, source: Checkpoint | None) -> dict[str, Any]:
    """Return the decoder's arguments: those of the checkpoint that the run starts from, else the recipe's."""
    if source is None:
        return recipe.decoder
    return {name: getattr(source.metadata, name) for name in LEAN_DECODER}


def _origin(metadata: CheckpointMetadata) -> dict[str, Any]:
    """Return what all processes and all resumptions of a run must have in common."""
    return {
        "recipe": metadata.recipe,
        "architecture": metadata.architecture,
        "num_classes": metadata.num_classes,
        "encoder_weights": metadata.encoder_weights,
        "data": {
            part: [[root["stems_sha256"], root["weight"]] for root in roots]
            for part, roots in metadata.data.items()
        },
    }
