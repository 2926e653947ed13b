"""The training loop.

    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x
    pleura train --data DIR [--data DIR …] --validation DIR --recipe strong --out runs/x --resume

A run writes into its folder after each epoch: ``last.safetensors`` and ``best.safetensors`` (checkpoints that the service
loads), ``state.pt`` (what a resumed run needs), ``epochs.csv``, ``curves.png`` and ``tensorboard/``. Killed at any moment it
goes on from its last whole epoch, and on a CPU comes to the same weights as a run that was not killed.
"""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader

from model.checkpoint import (
    UNET,
    Checkpoint,
    CheckpointMetadata,
    read_checkpoint,
    read_metadata,
    save_checkpoint,
)
from model.networks.unet import LEAN_DECODER, SegmentationNetwork

from ..data.batches import StageBatches
from ..data.datasets import SegmentationDataset
from ..data.transforms import plain_transform
from ..errors import TrainingError
from ..export.encoder_weights import load_encoder_weights
from .batch_norm import estimate_statistics
from .distributed import ALONE, Group
from .epoch_metrics import Figures, Tally, figures_of
from .losses import loss_of
from .optimisation import average_of, compact, learning_rate, optimiser_of
from .progress import Progress
from .provenance import describe_data, describe_recipe, git_revision
from .recipes import Recipe, Stage
from .run_log import Journal, Row
from .run_state import claim, has_state, load_state, save_state, saving
from .summary import introduction, place_of, time_left

_FEW_STEPS = 200
"""Steps of a run up to which its batch statistics are not left to the running mean."""

_STATISTICS_BATCHES = 8


class Outcome(NamedTuple):
    """What came of a run.

    Attributes:
        best: metadata of ``best.safetensors``.
        epochs: of the whole run.
        trained: of these, since it was resumed.
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
    architecture: str = UNET,
    classes: tuple[str, ...] = (),
    encoder_weights: str = "none",
    start_from: Path | None = None,
    device: str = "cpu",
    mixed_precision: bool = False,
    workers: int = 0,
    seed: int = 0,
    resume: bool = False,
    name: str,
    group: Group = ALONE,
) -> Outcome:
    """Train a network by a recipe.

    Args:
        recipe: how.
        train: the images that are learnt from; its transform is replaced by the recipe's.
        validation: the images that choose the best epoch of the last stage; its transform is replaced too.
        out: the run's folder.
        architecture: which network; ours, or one of torchvision's.
        classes: what each class of the masks is, where that is known; it goes into the checkpoint.
        encoder_weights: ``"none"``, ``"imagenet"`` (torchvision's, downloaded) or a file.
        start_from: a checkpoint of the same network whose weights the run begins with, instead of ``encoder_weights``.
        device: ``"cpu"`` or ``"cuda"``.
        mixed_precision: bf16 autocast. Pays on CUDA, and on a CPU only where it has bf16 instructions.
        workers: processes that read and augment images; 0 does it in this one.
        seed: decides the first weights, the order and the augmentation.
        resume: go on from the run in ``out``; it may have fewer epochs in the last stage.
        name: of the checkpoint.
        group: the processes that train this network together; the first one alone writes into ``out``.

    Raises:
        DataError: a file cannot be read; it is named.
        TrainingError: the loss is no number, the disk is full, the folder holds another run, or none to resume from.
    """
    torch.manual_seed(seed)
    described = describe_recipe(recipe, seed=seed)
    # Read once: what the run says that it began with is what it began with.
    source = None if start_from is None else read_checkpoint(start_from)
    decoder = recipe.decoder
    if source is not None:
        described["start_from"] = source.metadata.sha256
        decoder = {name: getattr(source.metadata, name) for name in LEAN_DECODER}
    metadata = CheckpointMetadata(
        name=name,
        architecture=architecture,
        num_classes=train.num_classes,
        classes=classes,
        in_channels=recipe.in_channels,
        **decoder,
        preprocessing=recipe.preprocessing,
        encoder_weights=Path(encoder_weights).name,
        recipe=described,
        data=describe_data(train, validation),
        git_revision=git_revision(),
    )
    started_with = {
        "recipe": metadata.recipe,
        "architecture": architecture,
        "num_classes": train.num_classes,
        "encoder_weights": metadata.encoder_weights,
        "data": {
            part: [[root["stems_sha256"], root["weight"]] for root in roots]
            for part, roots in metadata.data.items()
        },
    }
    group.require_same(started_with)
    with group.first_enters(claim(out)):
        network = metadata.network()
        if resume:
            state = group.share(lambda: load_state(out, same=started_with))
        else:
            group.share(lambda: _begin(network, out, source=source, encoder_weights=encoder_weights))
        network = network.to(torch.device(device)).to(memory_format=torch.channels_last)
        average = average_of(network, recipe)
        optimiser = optimiser_of(network, recipe)
        rows: list[Row] = []
        best = -1.0
        if resume:
            network.load_state_dict(state["network"])
            average.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            rows, best = state["rows"], state["best"]
            del state
        learner, behind = group.spread(network), len(rows)

        autocast = torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=mixed_precision)
        epochs = sum(stage.epochs for stage in recipe.stages)
        with (
            group.first_enters(_journal(out, rows)) as journal,
            Progress(
                total=epochs,
                done=len(rows),
                introduction=introduction(
                    recipe,
                    images=len(train),
                    validation=len(validation),
                    place=place_of(
                        device, mixed_precision=mixed_precision, workers=workers, processes=group.size
                    ),
                    done=len(rows),
                ),
                time_left=lambda done, seconds: time_left(recipe, done=done, seconds=seconds),
                quiet=not group.first,
            ) as progress,
        ):
            batches: StageBatches | None = None
            for epoch, start, stage in _plan(recipe, done=len(rows)):
                if batches is None or start == 0:
                    preprocessing = recipe.preprocessing.model_copy(update={"input_size": stage.size})
                    train.transform = recipe.transform(preprocessing)
                    validation.transform = plain_transform(preprocessing)
                    batches = StageBatches(
                        train, recipe, seed=seed, workers=workers, pinned=device == "cuda", group=group
                    )
                if start == 0:
                    best = -1.0
                learner.train()
                tally = Tally()
                for step, (x, y) in enumerate(batches.epoch(epoch)):
                    x, y = _to_device(x, y, device, recipe.in_channels)
                    rate = learning_rate(recipe, stage, (start + step / len(batches)) / stage.epochs)
                    for parameters in optimiser.param_groups:
                        parameters["lr"] = rate
                    with autocast:
                        logits = learner(x)
                    loss = loss_of(
                        *group.whole(logits, y),
                        dice_weight=recipe.dice_weight,
                        boundary_weight=recipe.boundary_weight,
                    )
                    _require_number(loss.item(), epoch, out, group)
                    optimiser.zero_grad(set_to_none=True)
                    loss.backward()
                    if recipe.clip_gradient is not None:
                        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_gradient)
                    optimiser.step()
                    average.update_parameters(network)
                    tally.add(loss.item(), logits.detach(), y)
                    progress.step(step + 1, len(batches), loss=loss.item())

                saved = average.module
                if recipe.average is not None and source is None and average.n_averaged <= _FEW_STEPS:
                    saved = group.normalise_together(deepcopy(saved))
                    images = (
                        _to_device(x, y, device, recipe.in_channels)[0]
                        for x, y in batches.epoch(epoch, most=_STATISTICS_BATCHES)
                    )
                    estimate_statistics(saved, images, autocast=autocast)
                with autocast:
                    judged = validate(
                        saved, validation, device=device, channels=recipe.in_channels, group=group
                    )
                # The last step may have spoilt the weights after its loss was looked at.
                _require_number(judged.loss, epoch, out, group)
                row = _row(epoch + 1, stage, figures_of(group.gather(tally.images())), judged)
                progress.epoch(row)
                with group.together(), saving(out):
                    if journal is not None:
                        weights = compact(saved.state_dict())
                        current = metadata.model_copy(
                            update={
                                "preprocessing": preprocessing,
                                "figures": {"validation_at_input_size": row},
                            }
                        )
                        save_checkpoint(out / "last.safetensors", weights, current)
                        if judged.iou > best:
                            best = judged.iou
                            save_checkpoint(out / "best.safetensors", weights, current)
                        journal.add(row)
                        save_state(
                            out,
                            {
                                **started_with,
                                "network": network.state_dict(),
                                "average": average.state_dict(),
                                "optimiser": optimiser.state_dict(),
                                "rows": journal.rows,
                                "best": best,
                            },
                        )
                progress.saved()
    return Outcome(group.share(lambda: read_metadata(out / "best.safetensors")), epochs, epochs - behind)


def validate(
    network: nn.Module,
    dataset: SegmentationDataset,
    *,
    device: str,
    channels: int,
    batch_size: int = 8,
    group: Group = ALONE,
) -> Figures:
    """Loss, pixel accuracy and IoU of a network on a data set, without augmentation or post-processing."""
    network.eval()
    tally = Tally()
    batches = list(BatchSampler(range(len(dataset)), batch_size, drop_last=False))[group.rank :: group.size]
    with torch.inference_mode():
        for x, y in DataLoader(dataset, batch_sampler=batches):
            x, y = _to_device(x, y, device, channels)
            logits = network(x)
            tally.add(loss_of(logits, y, dice_weight=0).item(), logits, y)
    return figures_of(group.gather(tally.images()))


def _plan(recipe: Recipe, *, done: int) -> Iterator[tuple[int, int, Stage]]:
    """Epoch, its number within its stage, and the stage, for the epochs that are left; both count from 0."""
    epoch = 0
    for stage in recipe.stages:
        for number in range(stage.epochs):
            if epoch >= done:
                yield epoch, number, stage
            epoch += 1


@contextmanager
def _journal(out: Path, rows: list[Row]) -> Iterator[Journal]:
    with saving(out):
        journal = Journal(out, rows=rows)
    with closing(journal):
        yield journal


def _begin(
    network: SegmentationNetwork, out: Path, *, source: Checkpoint | None, encoder_weights: str
) -> None:
    """The first weights of a new run."""
    if has_state(out):
        raise TrainingError(
            f"{out} holds a run already: add --resume to go on with it, or name another --out."
        )
    if source is not None:
        _load_whole_network(network, source)
    else:
        load_encoder_weights(network, encoder_weights)


def _load_whole_network(network: nn.Module, source: Checkpoint) -> None:
    """The weights of a checkpoint of `pleura train`, all of them.

    Raises:
        CheckpointError: its weights do not fit its metadata.
        TrainingError: it holds a network of another shape.
    """
    weights = source.network().state_dict()
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise TrainingError(
            f"{source.path} holds a network of another shape: start from a checkpoint of the same recipe and number of classes."
        ) from None


def _require_number(loss: float, epoch: int, out: Path, group: Group) -> None:
    if math.isfinite(loss):
        return
    # All processes come here: the loss is that of the whole batch.
    with group.together():
        saved = "the epochs before it are saved" if has_state(out) else "nothing was saved"
        raise TrainingError(
            f"The loss is no number in epoch {epoch + 1}: look at the images and masks, or start again with another recipe or "
            f"--seed; {saved}."
        )


def _to_device(x: Tensor, y: Tensor, device: str, channels: int) -> tuple[Tensor, Tensor]:
    x = x.to(device, memory_format=torch.channels_last, non_blocking=True)
    return x.expand(-1, channels, -1, -1), y.to(device, non_blocking=True)


def _row(epoch: int, stage: Stage, trained: Figures, judged: Figures) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "size": stage.size,
        "train_loss": trained.loss,
        "train_pixel_accuracy": trained.pixel_accuracy,
        "train_iou": trained.iou,
        "validation_loss": judged.loss,
        "validation_pixel_accuracy": judged.pixel_accuracy,
        "validation_iou": judged.iou,
    }
