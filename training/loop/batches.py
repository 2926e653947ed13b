"""The batches of a training stage."""

from collections.abc import Iterator

from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from ..data.datasets import SegmentationDataset
from ..data.sampler import Draw, DrawnDataset, EpochSampler
from ..errors import DataError
from .distributed import Group
from .recipes import Recipe


class EpochBatchSampler(Sampler[list[Draw]]):
    """This process's part of each batch of an epoch.

    Args:
        draws: The draws of an epoch, the same in every process.
        batch_size: Draws in a batch, over all processes.
        group: The processes that share each batch.
    """

    def __init__(self, draws: EpochSampler, *, batch_size: int, group: Group) -> None:
        self._draws, self._batch_size, self._group = draws, batch_size, group
        self._parts: list[list[Draw]] = []

    def set_epoch(self, epoch: int, *, most: int | None = None) -> None:
        """Draw the batches of an epoch.

        Args:
            epoch: Counted from 0.
            most: Keep the first batches only; None keeps all.

        Raises:
            TrainingError: The group has more processes than a batch has images.
        """
        self._draws.set_epoch(epoch)
        self._parts = self._group.split_batches(self._draws, batch_size=self._batch_size)[:most]

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self._parts)


class StageBatches:
    """Loads the batches of a stage, one epoch after the other, in worker processes that it keeps.

    Args:
        dataset: The images, with the stage's augmentation.
        recipe: Its batch size, sampling exponent and repeats per epoch.
        seed: Of the run.
        workers: Processes that read and augment; 0 does it in this process.
        pin_memory: Load into page-locked memory, from which CUDA copies asynchronously.
        group: Each batch is split over its processes.
    """

    def __init__(
        self,
        dataset: SegmentationDataset,
        recipe: Recipe,
        *,
        seed: int,
        workers: int,
        pin_memory: bool,
        group: Group,
    ) -> None:
        draws = EpochSampler(dataset, seed=seed, exponent=recipe.balance, repeats=recipe.passes)
        self._sampler = EpochBatchSampler(draws, batch_size=recipe.batch_size, group=group)
        self._loader = DataLoader(
            DrawnDataset(dataset),
            batch_sampler=self._sampler,
            num_workers=workers,
            pin_memory=pin_memory,
            persistent_workers=workers > 0,
        )

    def __len__(self) -> int:
        """Return the number of batches of the current epoch."""
        return len(self._sampler)

    def epoch(self, number: int, *, most: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images ``(B, 1, S, S)`` float32 and masks ``(B, S, S)`` int64 of an epoch.

        Args:
            number: Of the epoch; order and augmentation follow from it and the seed.
            most: Stop after this many batches; None yields all.

        Raises:
            DataError: A file cannot be read; the message names it.
            TrainingError: The group has more processes than a batch has images.
        """
        self._sampler.set_epoch(number, most=most)
        try:
            yield from self._loader
        except DataError as error:
            # An error from a worker process has its traceback in its message.
            raise DataError(
                str(error).strip().splitlines()[-1].removeprefix(f"{DataError.__module__}.DataError: ")
            ) from None
