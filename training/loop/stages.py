"""Training of a run's stages: train, validate and save each epoch."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from torch import nn

from model.checkpoint import CheckpointMetadata, save_checkpoint

from ..data.datasets import SegmentationDataset
from ..data.transforms import plain_transform
from ..errors import TrainingError
from .batches import StageBatches
from .distributed import Group
from .epoch import require_finite, train_one_epoch, validate
from .epoch_metrics import EpochMetrics
from .learner import STATISTICS_BATCHES, Learner
from .optimisation import compact
from .progress import Progress
from .recipes import Recipe, Stage
from .run_log import Row, RunLog
from .run_state import has_state, save_state, saving
from .summary import introduction, place_of, time_left


@dataclass(frozen=True, slots=True)
class Run:
    """What stays the same during a run.

    Attributes:
        out: The run's folder.
        metadata: Of the checkpoints, but for the figures.
        origin: What a resumed run must have in common with this one.
        train, validation: The data sets.
        seed: Of order and augmentation.
    """

    out: Path
    metadata: CheckpointMetadata
    origin: dict[str, Any]
    train: SegmentationDataset
    validation: SegmentationDataset
    seed: int


def train_stages(run: Run, learner: Learner, *, rows: list[Row], best: float) -> None:
    """Train, validate and save each epoch that is left.

    Args:
        run: Where and on what.
        learner: Is trained in place.
        rows: Of the epochs that are done.
        best: Validation IoU of the best epoch of the current stage so far; -1 without one.
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


def _network_to_save(run: Run, learner: Learner, batches: StageBatches, epoch: int) -> nn.Module:
    """Return the averaged network; early in a run, its batch statistics are estimated on a few batches."""
    if "start_from" in run.metadata.recipe or not learner.needs_statistics():
        return learner.average.module
    return learner.with_statistics(batches.epoch(epoch, most=STATISTICS_BATCHES))


def _save(
    run: Run,
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
        TrainingError: Always.
    """
    with group.raise_together():
        saved = "the epochs before it are saved" if has_state(out) else "nothing was saved"
        raise TrainingError(
            f"The loss is not a finite number in epoch {epoch + 1}: check the images and masks, "
            f"or start again with another recipe or --seed; {saved}."
        )
    raise AssertionError("unreachable")


def _progress(run: Run, learner: Learner, *, done: int) -> Progress:
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
