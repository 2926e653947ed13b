"""The command ``pleura clean``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from . import options
from .evaluate import root_names

if TYPE_CHECKING:
    from ..labels.cleaning import Judgement


def clean(
    data: options.Data,
    out: options.CleanedFolder,
    folds: options.Folds = 3,
    epochs: options.NetworkEpochs = 12,
    size: options.NetworkSize = 128,
    encoder_weights: options.NetworkEncoderWeights = "none",
    checkpoint: options.UnseenCheckpoint = None,
    lung_values: options.LungValues = None,
    device: options.AnyDevice = "auto",
    mixed_precision: options.MixedPrecision = None,
    workers: options.Workers = None,
    seed: options.Seed = 0,
) -> None:
    """Find wrong masks: compare each with the prediction of a network that was not trained on it.

    Writes a folder for each --data, as input of pleura train, in which the disputed parts of masks are
    left out of the loss and the worst masks are dropped; judgements.csv; and judgements.html with a
    picture of each mask that was cut or dropped.

    If it is killed, repeat the command to go on.
    """
    from model.segmenter import Segmenter

    from ..data.datasets import SegmentationDataset
    from ..data.inspection import inspect
    from ..disk import writing
    from ..labels.cleaning import judge, write_cleaned
    from ..labels.cross_fit import cross_fit, require_folds
    from ..loop.hardware import prepare_device
    from ..loop.recipes import STRONG, adapted

    hardware = prepare_device(device, mixed_precision=mixed_precision, workers=workers)
    recipe = adapted(STRONG, epochs=epochs, size=size, learning_rate=STRONG.stages[0].learning_rate)
    dataset = SegmentationDataset(data, lung_values=options.parsed_lung_values(lung_values))
    if checkpoint is None:
        require_folds(dataset, folds=folds)
    names = [name.replace("/", "-") for name in root_names(dataset.roots)]
    with writing(out):
        inspect(dataset, description="reading --data")
        networks = (
            iter([(dataset, checkpoint)])
            if checkpoint
            else cross_fit(
                dataset,
                recipe=recipe,
                folds=folds,
                out=out / "runs",
                encoder_weights=encoder_weights,
                hardware=hardware,
                seed=seed,
            )
        )
        segmenters = (
            (fold, Segmenter(path, device=hardware.device, engine="torch")) for fold, path in networks
        )
        judgements = write_cleaned(dataset, judge(segmenters), names=names, out=out)
    _report(judgements, names, out)


def _report(judgements: "Sequence[Judgement]", names: Sequence[str], out: Path) -> None:
    """Print what was done with the masks of each folder, and the path of the page that shows it."""
    for source, name in enumerate(names):
        actions = [judgement.action for judgement in judgements if judgement.source == source]
        typer.echo(
            f"{out / name}: {actions.count('kept')} masks kept, {actions.count('cut')} cut, "
            f"{actions.count('dropped')} dropped"
        )
    typer.echo(str(out / "judgements.html"))
