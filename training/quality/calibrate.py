r"""Fits the quality model of a checkpoint, which assesses the masks.

    pleura calibrate --checkpoint runs/x/best.safetensors --out runs/x/calibrated.safetensors \
        --data DIR/montgomery/validation --data DIR/shenzhen/validation \
        --frontal DIR/montgomery/train/images --frontal DIR/covid/train/images \
        --held-out DIR/covid/validation/images --negatives DIR/negatives

The weights stay as they are; the parameters are added to the metadata. Written next to the new file:
``calibration.md`` with the metrics, ``calibration.png`` with predicted against true IoU, and
``reliability-left-out.png`` with the reliability plot of each hospital left out of the fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from model.checkpoint import CheckpointMetadata, read_checkpoint, save_checkpoint
from model.engines import Device
from model.quality.features import FRONTAL
from model.segmenter import Segmenter

from ..data.folders import images_in
from ..errors import TrainingError
from .cases import Case, child_cases, frontal_cases, kinds_in, labelled_cases, montage_cases, negative_cases
from .examples import Example, make_example
from .figures import validation_figures
from .report import write_report
from .trial import Trial, cross_validate


def calibrate(
    checkpoint: Path,
    *,
    data: Sequence[Path],
    frontal: Sequence[Path],
    negatives: Path,
    out: Path,
    children: Sequence[Path] = (),
    held_out: Sequence[Path] = (),
    device: Device = "auto",
) -> CheckpointMetadata:
    """Fit the quality model of a checkpoint and write a checkpoint that includes it.

    The network processes each image in about twenty (labelled), three (frontal) or two variants; the
    fit then takes a minute.

    Args:
        checkpoint: Its weights are copied as they are.
        data: Labelled folders (see `training.data.datasets`) that the weights were *not* trained on.
            The predicted IoU is fitted to them, to their mirror images and to their degraded images.
        frontal: Folders of frontal radiographs without labels, which may be those of the training set.
            The distribution of the features is fitted to them.
        negatives: A folder with one subfolder for each kind of image that is no frontal chest X-ray.
        out: The new checkpoint; the metrics are written next to it.
        children: Folders of radiographs of children. Without any, no child is recognised by its image.
        held_out: Folders of frontal radiographs for the metrics alone.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Returns:
        The metadata of ``out``.

    Raises:
        CheckpointError: The checkpoint cannot be used.
        DataError: A folder is empty or a file cannot be read; the message names it.
        TrainingError: The network finds no lungs in most of the frontal images.
    """
    read = read_checkpoint(checkpoint)
    segmenter = Segmenter(read, device=device)
    trial = fit_to_images(
        segmenter, data=data, frontal=frontal, negatives=negatives, children=children, held_out=held_out
    )
    numbers = trial.calibration.model_dump(mode="json")
    # `pleura average` drops the figures of the averaged checkpoints, so these are the first ones of the mean.
    figures = {**segmenter.metadata.figures, "validation": validation_figures(trial.labelled)}
    changes = {"calibration": numbers, "figures": figures}
    metadata = save_checkpoint(out, read.weights(), segmenter.metadata.model_copy(update=changes))
    write_report(trial, out.parent, name=metadata.name)
    return metadata


def fit_to_images(
    segmenter: Segmenter,
    *,
    data: Sequence[Path],
    frontal: Sequence[Path],
    negatives: Path,
    children: Sequence[Path] = (),
    held_out: Sequence[Path] = (),
) -> Trial:
    """Fit and cross-validate the quality model, without writing files; see `calibrate`.

    Args:
        segmenter: Makes the masks.
        data: Folders of radiographs with masks.
        frontal: Folders of frontal radiographs, without masks.
        negatives: Folder with one subfolder for each kind of image that is no frontal chest X-ray.
        children: Folders of radiographs of children; without them children are not recognised.
        held_out: Folders of frontal radiographs for the figures only.

    Raises:
        TrainingError: The network finds no lungs in most of the frontal images.
        DataError: A folder has no images, or its files do not match.
    """
    for folder in (*frontal, *children, *held_out, *kinds_in(negatives)):
        images_in(folder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def run(cases: Iterable[Case], *, name: str) -> list[Example]:
            return [make_example(segmenter, case) for case in progress.track(cases, description=name)]

        examples = run(frontal_cases(frontal, role="frontal"), name="frontal")
        with_lungs = [one.features.mask.lungs > 0 for one in examples if one.kind == FRONTAL]
        if sum(with_lungs) < len(with_lungs) / 2:
            raise TrainingError(
                "The network finds no lungs in most of the frontal images: "
                "train it further before it is calibrated."
            )
        examples += run(child_cases(children), name="children")
        examples += run(labelled_cases(data), name="labelled")
        examples += run(frontal_cases(held_out, role="held_out"), name="held out")
        examples += run(negative_cases(negatives), name="negatives")
        examples += run(montage_cases(frontal), name="montages")
    return cross_validate(examples)
