"""The command ``pleura clean``."""

from pathlib import Path
from typing import Annotated

import typer

from model.devices import Device

from .evaluate import root_names
from .options import Data, LungValues, MixedPrecision, Workers


def clean(
    data: Data,
    out: Annotated[
        Path,
        typer.Option(help="Folder for the cleaned masks, the judgements with pictures, and the runs."),
    ],
    folds: Annotated[
        int, typer.Option(min=2, help="Networks to train, each without its share of the images.")
    ] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each network.")] = 12,
    size: Annotated[int, typer.Option(min=32, help="Image size of each network; a multiple of 32.")] = 128,
    encoder_weights: Annotated[
        str, typer.Option(help="What each network starts from: none, imagenet or a file, as in pleura train.")
    ] = "none",
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Use this network, which was not trained on the images, instead of training any.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    lung_values: LungValues = None,
    device: Annotated[Device, typer.Option(help="auto selects CUDA if available.")] = "auto",
    mixed_precision: MixedPrecision = None,
    workers: Workers = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides all random numbers.")] = 0,
) -> None:
    """Find wrong masks: compare each with the prediction of a network that was not trained on it.

    Writes a folder for each --data, as input of pleura train, in which the disputed parts of masks are
    left out of the loss and the worst masks are dropped; judgements.csv; and judgements.html with a
    picture of each mask that was cut or dropped.

    If it is killed, repeat the command to go on.
    """
    import cv2

    from model.ground_truth import parse_lung_values
    from model.segmenter import Segmenter

    from ..data.datasets import SegmentationDataset
    from ..data.inspection import inspect
    from ..disk import writing
    from ..labels.cleaning import judge, write_cleaned
    from ..labels.cross_fit import cross_fit, require_folds
    from ..loop.hardware import prepare_device
    from ..loop.recipes import STRONG, adapted

    hardware = prepare_device(device, mixed_precision=mixed_precision, workers=workers)
    cv2.setNumThreads(1)
    dataset = SegmentationDataset(data, lung_values=parse_lung_values(lung_values) if lung_values else None)
    if checkpoint is None:
        require_folds(dataset, folds=folds)
    names = [name.replace("/", "-") for name in root_names(dataset.roots)]
    with writing(out):
        inspect(dataset, description="reading --data")
        if checkpoint is not None:
            networks = iter([(dataset, checkpoint)])
        else:
            networks = cross_fit(
                dataset,
                recipe=adapted(
                    STRONG, epochs=epochs, size=size, learning_rate=STRONG.stages[0].learning_rate
                ),
                folds=folds,
                out=out / "runs",
                encoder_weights=encoder_weights,
                hardware=hardware,
                seed=seed,
            )
        segmenters = (
            (fold, Segmenter(checkpoint, device=hardware.device, engine="torch"))
            for fold, checkpoint in networks
        )
        judgements = write_cleaned(dataset, judge(segmenters), names=names, out=out)
    for source, name in enumerate(names):
        actions = [judgement.action for judgement in judgements if judgement.source == source]
        typer.echo(
            f"{out / name}: {actions.count('kept')} masks kept, {actions.count('cut')} cut, "
            f"{actions.count('dropped')} dropped"
        )
    typer.echo(str(out / "judgements.html"))
