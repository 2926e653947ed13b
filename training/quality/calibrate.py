"""Teaches a checkpoint to judge its own masks.

    pleura calibrate --checkpoint runs/x/best.safetensors --out runs/x/calibrated.safetensors \\
        --data DIR/montgomery/validation --data DIR/shenzhen/validation \\
        --frontal DIR/montgomery/train/images --frontal DIR/covid/train/images \\
        --held-out DIR/covid/validation/images --negatives DIR/negatives

The weights stay as they are: only numbers go into the metadata. Beside the new file lie ``calibration.md``, the figures, and
``calibration.png``, predicted against true IoU.
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
from .cases import Case, frontal_cases, kinds_in, labelled_cases, montage_cases, negative_cases
from .examples import Example, describe_case
from .figures import Trial, try_calibration, validation_figures
from .report import write_report


def calibrate(
    checkpoint: Path,
    *,
    data: Sequence[Path],
    frontal: Sequence[Path],
    negatives: Path,
    out: Path,
    held_out: Sequence[Path] = (),
    device: Device = "auto",
) -> CheckpointMetadata:
    """Fits the quality model of a checkpoint and writes a checkpoint that carries it.

    Every image goes through the network in about twenty (labelled), three (frontal) or two variants; the numbers are then
    fitted in a minute.

    Args:
        checkpoint: its weights are judged and copied as they are.
        data: labelled folders (see `training.data.datasets`) that the weights were *not* trained on. The predicted IoU is fitted to them,
            to their mirror images and to their degraded ones.
        frontal: folders of frontal radiographs without labels; those of the training set may be among them. What is familiar
            is learnt from them.
        negatives: a folder with one subfolder for each kind of image that is no frontal chest X-ray.
        out: the new checkpoint; the figures are written beside it.
        held_out: folders of frontal radiographs that are only judged, for the figures.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Returns:
        The metadata of ``out``.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DataError: a folder is empty or a file cannot be read; it is named.
        TrainingError: the network finds no lungs in most of the frontal images.
    """
    read = read_checkpoint(checkpoint)
    segmenter = Segmenter(read, device=device)
    trial = fit_to_images(segmenter, data=data, frontal=frontal, negatives=negatives, held_out=held_out)
    numbers = trial.calibration.model_dump(mode="json")
    # `pleura average` leaves out the figures of the checkpoints that it averages: these are the first of the mean.
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
    held_out: Sequence[Path] = (),
) -> Trial:
    """`calibrate` without the files that it writes."""
    for folder in (*frontal, *held_out, *kinds_in(negatives)):
        images_in(folder)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def described(cases: Iterable[Case], *, name: str) -> list[Example]:
            return [describe_case(segmenter, case) for case in progress.track(cases, description=name)]

        examples = described(frontal_cases(frontal, role="frontal"), name="frontal")
        usual = [one.description.mask.lungs > 0 for one in examples if one.kind == FRONTAL]
        if sum(usual) < len(usual) / 2:
            raise TrainingError(
                "The network finds no lungs in most of the frontal images: train it further before it is calibrated."
            )
        examples += described(labelled_cases(data), name="labelled")
        examples += described(frontal_cases(held_out, role="held_out"), name="held out")
        examples += described(negative_cases(negatives), name="negatives")
        examples += described(montage_cases(frontal), name="montages")
    return try_calibration(examples)
