"""The batches that a stage of a recipe learns from."""

from collections.abc import Iterator

from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from .datasets import SegmentationDataset
from .distributed import Group
from .errors import DataError
from .recipes import Recipe
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

    Raises:
        TrainingError: the group has more processes than a batch has images; when an epoch begins.
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
        self._loader = DataLoader(
            DrawnDataset(dataset),
            batch_sampler=_Parts(self._draws, batch_size=recipe.batch_size, group=group),
            num_workers=workers,
            pin_memory=pinned,
            persistent_workers=workers > 0,
        )

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._loader)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images ``(B, 1, S, S)`` float32 with masks ``(B, S, S)`` int64, in an order that follows from the number.

        Raises:
            DataError: a file cannot be read; it is named.
        """
        self._draws.epoch = number
        try:
            yield from self._loader
        except DataError as error:
            # A worker's error has its traceback in its message.
            raise DataError(
                str(error).strip().splitlines()[-1].removeprefix(f"{DataError.__module__}.DataError: ")
            ) from None


class _Parts(Sampler[list[Draw]]):
    """This process's part of each batch of an epoch."""

    def __init__(self, draws: EpochSampler, *, batch_size: int, group: Group) -> None:
        self._draws = draws
        self._batch_size = batch_size
        self._group = group

    def __len__(self) -> int:
        return max(1, len(self._draws) // self._batch_size)

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self._group.parts(self._draws, batch_size=self._batch_size))
