"""Cross-fitting: networks that were not trained on the images that they predict."""

from collections.abc import Iterator
from pathlib import Path

from ..data.datasets import SegmentationDataset
from ..errors import TrainingError
from ..loop.fit import fit
from ..loop.hardware import CPU, Hardware
from ..loop.recipes import Recipe
from ..loop.run_state import has_state


def cross_fit(
    dataset: SegmentationDataset,
    *,
    recipe: Recipe,
    folds: int,
    out: Path,
    encoder_weights: str = "none",
    hardware: Hardware = CPU,
    seed: int = 0,
) -> Iterator[tuple[SegmentationDataset, Path]]:
    """Train a network for each fold on the images of the other folds.

    The checkpoint is that of the last epoch, so that the fold's masks select nothing. A killed run is
    resumed.

    Args:
        dataset: The images, at least as many as folds; each folder is spread evenly over the folds, in
            the order of its names.
        recipe: How each network is trained.
        folds: Number of networks.
        out: Contains the folder of each run, ``fold-0`` and so on.
        encoder_weights: See `fit`.
        hardware: See `fit`.
        seed: See `fit`.

    Yields:
        The images of a fold, and the checkpoint of the network that was not trained on them.
    """
    fold_of = folds_of(dataset, folds=folds)
    for fold in range(folds):
        inside = dataset.subset([index for index, number in enumerate(fold_of) if number == fold])
        outside = dataset.subset([index for index, number in enumerate(fold_of) if number != fold])
        run = out / f"fold-{fold}"
        fit(
            recipe,
            train=outside,
            validation=inside,
            out=run,
            encoder_weights=encoder_weights,
            hardware=hardware,
            seed=seed,
            resume=has_state(run),
            name=f"cross-fit-{fold}",
        )
        yield inside, run / "last.safetensors"


def folds_of(dataset: SegmentationDataset, *, folds: int) -> list[int]:
    """Return the fold of each image: 0, 1, 2 and so on, repeating, through one folder after the other."""
    return [index % folds for index in range(len(dataset))]


def require_folds(dataset: SegmentationDataset, *, folds: int) -> None:
    """Check that there are at least as many images as folds.

    Args:
        dataset: The images.
        folds: The number of folds.

    Raises:
        TrainingError: There are fewer.
    """
    if len(dataset) < folds:
        images = "1 image" if len(dataset) == 1 else f"{len(dataset)} images"
        raise TrainingError(
            f"There are fewer images than folds, {images} for --folds {folds}: add images"
            + (f", or give --folds {len(dataset)}." if len(dataset) > 1 else ", or name a --checkpoint.")
        )
