"""The training loop.

    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x
    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x --resume

A run writes into its folder after each epoch: ``last.safetensors`` and ``best.safetensors``
(checkpoints that the service loads), ``state.pt`` (what a resumed run needs), ``epochs.csv``,
``curves.png`` and ``tensorboard/``. A run that was killed resumes after its last complete epoch; on a
CPU its weights then equal those of a run that was not killed.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from torch import nn

from model.checkpoint import (
    UNET,
    Checkpoint,
    CheckpointMetadata,
    read_checkpoint,
    read_metadata,
    save_checkpoint,
)
from model.networks.unet import LEAN_DECODER

from ..data.datasets import SegmentationDataset
from ..data.transforms import plain_transform
from ..errors import TrainingError
from .batches import StageBatches
from .distributed import ALONE, Group
from .epoch import require_finite, train_one_epoch, validate
from .epoch_metrics import EpochMetrics
from .hardware import CPU, Hardware
from .initial_weights import load_initial_weights
from .learner import STATISTICS_BATCHES, Learner
from .optimisation import compact
from .progress import Progress
from .provenance import describe_data, describe_recipe, git_revision
from .recipes import Recipe, Stage
from .run_log import Row, RunLog
from .run_state import claim, has_state, load_state, save_state, saving
from .summary import introduction, place_of, time_left


class Outcome(NamedTuple):
    """The result of a run.

    Attributes:
        best: metadata of ``best.safetensors``.
        epochs: of the whole run.
        trained: those of this call; fewer than ``epochs`` in a resumed run.
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
    hardware: Hardware = CPU,
    seed: int = 0,
    resume: bool = False,
    group: Group = ALONE,
) -> Outcome:
    """Train a network by a recipe.

    Args:
        recipe: stages, augmentation, optimiser and loss.
        train: the training set; its transform is replaced by the recipe's.
        validation: the images that select the best epoch of the last stage; its transform is replaced too.
        out: the run's folder.
        name: of the checkpoint.
        architecture: our network, or one of torchvision's.
        classes: names of the masks' classes, where they are known; stored in the checkpoint.
        encoder_weights: ``"none"``, ``"imagenet"`` (torchvision's, downloaded) or a file.
        start_from: a checkpoint of the same network; its weights replace ``encoder_weights``.
        hardware: device, precision and worker processes. bf16 is faster on CUDA, and on a CPU only if
            it has bf16 instructions.
        seed: decides the first weights, the order and the augmentation.
        resume: go on with the run in ``out``, which may have had fewer epochs in its last stage.
        group: the processes that train this network together; the first one alone writes into ``out``.

    Raises:
        DataError: a file cannot be read; the message names it.
        TrainingError: the loss is NaN or infinite, the disk is full, the folder holds another run, or
            none to resume.
    """
    torch.manual_seed(seed)
    # Read once, so that the provenance in the metadata is that of the weights that are used.
    source = None if start_from is None else read_checkpoint(start_from)
    metadata = CheckpointMetadata(
        name=name,
        architecture=architecture,
        num_classes=train.num_classes,
        classes=classes,
        in_channels=recipe.in_channels,
        **_decoder(recipe, source),
        preprocessing=recipe.preprocessing,
        encoder_weights=Path(encoder_weights).name,
        recipe=describe_recipe(recipe, seed=seed, start_from=source),
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
        learner = Learner(network, recipe, hardware=hardware, group=group, state=state)
        rows: list[Row] = state["rows"] if state else []
        best = state["best"] if state else -1.0
        del state
        run = _Run(out, metadata, origin, train, validation, seed)
        _train_stages(run, learner, rows=rows, best=best)
        epochs = sum(stage.epochs for stage in recipe.stages)
        saved = group.broadcast(lambda: read_metadata(out / "best.safetensors"))
        return Outcome(saved, epochs, epochs - len(rows))


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same during a run.

    Attributes:
        out: the run's folder.
        metadata: of the checkpoints, but for the figures.
        origin: what a resumed run must have in common with this one.
        train, validation: the data sets.
        seed: of order and augmentation.
    """

    out: Path
    metadata: CheckpointMetadata
    origin: dict[str, Any]
    train: SegmentationDataset
    validation: SegmentationDataset
    seed: int


def _train_stages(run: _Run, learner: Learner, *, rows: list[Row], best: float) -> None:
    """Train, validate and save each epoch that is left.

    Args:
        run: where and on what.
        learner: is trained in place.
        rows: of the epochs that are done.
        best: validation IoU of the best epoch of the current stage so far; -1 without one.
    """
    recipe, group, hardware = learner.recipe, learner.group, learner.hardware
    with (
        group.first_enters(_open_log(run.out, rows)) as log,
        _progress(run, learner, done=len(rows)) as progress,
    ):
        batches: StageBatches | None = None
        for epoch, done, stage in _plan(recipe, done=len(rows)):
            if batches is None or done == 0:
                preprocessing = recipe.preprocessing.model_copy(update={"input_size": stage.size})
                run.train.transform = recipe.transform(preprocessing)
                run.validation.transform = plain_transform(preprocessing)
                batches = StageBatches(
                    run.train,
                    recipe,
                    seed=run.seed,
                    workers=hardware.workers,
                    pin_memory=hardware.device == "cuda",
                    group=group,
                )
            if done == 0:
                best = -1.0
            try:
                trained = train_one_epoch(
                    learner, batches, epoch=epoch, stage=stage, done=done, on_step=progress.step
                )
                network = _network_to_save(run, learner, batches, epoch)
                with learner.autocast:
                    validated = validate(
                        network,
                        run.validation,
                        device=hardware.device,
                        channels=recipe.in_channels,
                        group=group,
                    )
                # The last step may have made the weights NaN after its own loss was computed.
                require_finite(validated.loss)
            except FloatingPointError:
                _stop_at(epoch, run.out, group)
            row = _row(epoch + 1, stage, trained, validated)
            progress.epoch(row)
            with group.raise_together(), saving(run.out):
                if log is not None:
                    current = run.metadata.model_copy(
                        update={"preprocessing": preprocessing, "figures": {"validation_at_input_size": row}}
                    )
                    best = _save(run, learner, network, current, log=log, row=row, best=best)
            progress.saved()


def _network_to_save(run: _Run, learner: Learner, batches: StageBatches, epoch: int) -> nn.Module:
    """Return the averaged network; early in a run, its batch statistics are estimated on a few batches."""
    if "start_from" in run.metadata.recipe or not learner.needs_statistics():
        return learner.average.module
    return learner.with_statistics(batches.epoch(epoch, most=STATISTICS_BATCHES))


def _save(
    run: _Run,
    learner: Learner,
    network: nn.Module,
    metadata: CheckpointMetadata,
    *,
    log: RunLog,
    row: Row,
    best: float,
) -> float:
    """Write an epoch's checkpoints, its row of the log and the run state.

    Returns:
        The validation IoU of the best epoch so far.
    """
    weights = compact(network.state_dict())
    save_checkpoint(run.out / "last.safetensors", weights, metadata)
    if row["validation_iou"] > best:
        best = row["validation_iou"]
        save_checkpoint(run.out / "best.safetensors", weights, metadata)
    log.add(row)
    save_state(run.out, {**run.origin, **learner.state_dict(), "rows": log.rows, "best": best})
    return best


def _stop_at(epoch: int, out: Path, group: Group) -> NoReturn:
    """End a run whose loss is not finite.

    Raises:
        TrainingError: always.
    """
    with group.raise_together():
        saved = "the epochs before it are saved" if has_state(out) else "nothing was saved"
        raise TrainingError(
            f"The loss is not a finite number in epoch {epoch + 1}: check the images and masks, "
            f"or start again with another recipe or --seed; {saved}."
        )
    raise AssertionError("unreachable")


def _progress(run: _Run, learner: Learner, *, done: int) -> Progress:
    recipe, hardware, group = learner.recipe, learner.hardware, learner.group
    place = place_of(
        hardware.device,
        mixed_precision=hardware.mixed_precision,
        workers=hardware.workers,
        processes=group.size,
    )
    return Progress(
        total=sum(stage.epochs for stage in recipe.stages),
        done=done,
        introduction=introduction(
            recipe, images=len(run.train), validation=len(run.validation), place=place, done=done
        ),
        time_left=lambda epochs, seconds: time_left(recipe, done=epochs, seconds=seconds),
        quiet=not group.first,
    )


def _plan(recipe: Recipe, *, done: int) -> Iterator[tuple[int, int, Stage]]:
    """Yield number in the run and number in the stage, both from 0, and stage of each epoch that is left."""
    epoch = 0
    for stage in recipe.stages:
        for number in range(stage.epochs):
            if epoch >= done:
                yield epoch, number, stage
            epoch += 1


@contextmanager
def _open_log(out: Path, rows: list[Row]) -> Iterator[RunLog]:
    with saving(out):
        log = RunLog(out, rows=rows)
    with closing(log):
        yield log


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


def _row(epoch: int, stage: Stage, trained: EpochMetrics, validated: EpochMetrics) -> Row:
    return {
        "epoch": epoch,
        "size": stage.size,
        "train_loss": trained.loss,
        "train_pixel_accuracy": trained.pixel_accuracy,
        "train_iou": trained.iou,
        "validation_loss": validated.loss,
        "validation_pixel_accuracy": validated.pixel_accuracy,
        "validation_iou": validated.iou,
    }
