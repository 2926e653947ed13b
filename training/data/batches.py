"""The batches that a stage of a recipe learns from."""

from collections.abc import Iterator

from torch import Tensor
from torch.utils.data import DataLoader

from ..errors import DataError
from ..loop.distributed import Group
from ..loop.recipes import Recipe
from .datasets import SegmentationDataset
from .sampler import Draw, DrawnDataset, EpochSampler


class StageBatches:
    """One epoch's batches after the other; the processes that read and augment images live as long as this does.

    Args:
        dataset: the images, with the stage's augmentation.
        recipe: how many make a batch, and how sources are balanced.
        seed: the run's.
        workers: processes that read and augment; 0 does it in this one.
        pinned: into memory that a GPU reads by itself.
        group: of each batch, this process gets its part.
    """

    def __init__(
        self,
        dataset: SegmentationDataset,
        recipe: Recipe,
        *,
        seed: int,
        workers: int,
        pinned: bool,
        group: Group,
    ) -> None:
        self._draws = EpochSampler(dataset, seed=seed, balance=recipe.balance, passes=recipe.passes)
        self._batch_size = recipe.batch_size
        self._group = group
        self._parts: list[list[Draw]] = []
        self._loader = DataLoader(
            DrawnDataset(dataset),
            batch_sampler=self._parts,
            num_workers=workers,
            pin_memory=pinned,
            persistent_workers=workers > 0,
        )

    def __len__(self) -> int:
        """Batches of the epoch that was begun last."""
        return len(self._parts)

    def epoch(self, number: int, *, most: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Images ``(B, 1, S, S)`` float32 with masks ``(B, S, S)`` int64, in an order that follows from the number; the first ``most``.

        Raises:
            DataError: a file cannot be read; it is named.
            TrainingError: the group has more processes than a batch has images.
        """
        self._draws.epoch = number
        self._parts[:] = self._group.parts(self._draws, batch_size=self._batch_size)[:most]
        try:
            yield from self._loader
        except DataError as error:
            # A worker's error has its traceback in its message.
            raise DataError(
                str(error).strip().splitlines()[-1].removeprefix(f"{DataError.__module__}.DataError: ")
            ) from None
