"""Cross-fitting: every image judged by a network that never saw it."""

from collections.abc import Iterator
from pathlib import Path

from ..data.datasets import SegmentationDataset
from ..errors import TrainingError
from ..loop.fit import fit
from ..loop.recipes import Recipe
from ..loop.run_state import has_state


def cross_fit(
    dataset: SegmentationDataset,
    *,
    recipe: Recipe,
    folds: int,
    out: Path,
    encoder_weights: str = "none",
    device: str = "cpu",
    mixed_precision: bool = False,
    workers: int = 0,
    seed: int = 0,
) -> Iterator[tuple[SegmentationDataset, Path]]:
    """Trains a network for each fold on all images but the fold's own, and gives the fold with its checkpoint.

    The checkpoint is the last epoch's: the fold's masks choose nothing. What a killed run has trained is not trained again.

    Args:
        dataset: the images, at least as many as folds; each source is spread evenly over the folds, in the order of its names.
        recipe: how each network is trained.
        folds: how many networks.
        out: gets a run's folder for each fold, ``fold-0`` and so on.
        encoder_weights, device, mixed_precision, workers, seed: see `fit`.
    """
    fold_of = folds_of(dataset, folds=folds)
    for fold in range(folds):
        judged = dataset.subset([index for index, number in enumerate(fold_of) if number == fold])
        learnt = dataset.subset([index for index, number in enumerate(fold_of) if number != fold])
        run = out / f"fold-{fold}"
        fit(
            recipe,
            train=learnt,
            validation=judged,
            out=run,
            encoder_weights=encoder_weights,
            device=device,
            mixed_precision=mixed_precision,
            workers=workers,
            seed=seed,
            resume=has_state(run),
            name=f"cross-fit-{fold}",
        )
        yield judged, run / "last.safetensors"


def folds_of(dataset: SegmentationDataset, *, folds: int) -> list[int]:
    """The fold of each image: counted off, one source after the other."""
    return [index % folds for index in range(len(dataset))]


def require_folds(dataset: SegmentationDataset, *, folds: int) -> None:
    """Refuse to judge each fold by a network of the others where there are fewer images than folds.

    Raises:
        TrainingError: it is so.
    """
    if len(dataset) < folds:
        images = "1 image" if len(dataset) == 1 else f"{len(dataset)} images"
        raise TrainingError(
            f"There are fewer images than folds, {images} for --folds {folds}: add images"
            + (f", or give --folds {len(dataset)}." if len(dataset) > 1 else ", or judge by a --checkpoint.")
        )
