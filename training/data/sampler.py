"""The images of an epoch, their order, and the seed of each image's augmentation."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from .datasets import SegmentationDataset


class Draw(NamedTuple):
    """Number of an image in the data set, and the seed of its augmentation."""

    sample: int
    seed: int


class EpochSampler(Sampler[Draw]):
    """Draws the images of an epoch in an order that follows from the seed and the epoch alone.

    Each draw has its own seed for augmentation. An epoch therefore depends neither on the number of
    workers nor on earlier epochs, and a resumed run continues exactly.

    Args:
        dataset: The images and the weights of their folders.
        seed: Of the run.
        exponent: A folder of n images is drawn in proportion to n to the power of this, times its
            weight; 1 draws every image once.
        repeats: Draws in an epoch, as a multiple of the number of images.
    """

    def __init__(self, dataset: SegmentationDataset, *, seed: int, exponent: float, repeats: int = 1) -> None:
        self._seed = seed
        self._epoch = 0
        sources = torch.tensor([sample.source for sample in dataset.samples])
        sizes = torch.bincount(sources, minlength=len(dataset.weights)).double()
        shares = sizes**exponent * torch.tensor(dataset.weights, dtype=torch.float64)
        self._counts = _apportion(shares / shares.sum(), repeats * len(sources))
        self._members = [(sources == source).nonzero().flatten() for source in range(len(sizes))]

    def set_epoch(self, epoch: int) -> None:
        """Select the epoch, counted from 0, that is iterated over."""
        self._epoch = epoch

    def __len__(self) -> int:
        return sum(self._counts)

    def __iter__(self) -> Iterator[Draw]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        indices = torch.cat(
            [
                _draw(members, count, generator)
                for members, count in zip(self._members, self._counts, strict=True)
            ]
        )
        order = torch.randperm(len(indices), generator=generator)
        seeds = torch.randint(2**62, (len(indices),), generator=generator)
        return (
            Draw(index, seed) for index, seed in zip(indices[order].tolist(), seeds.tolist(), strict=True)
        )


class DrawnDataset(Dataset[tuple[Tensor, Tensor]]):
    """A data set that is indexed by `Draw`; the augmentation follows from the draw's seed."""

    def __init__(self, dataset: SegmentationDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draw.seed)
            return self.dataset[draw.sample]


def _draw(members: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` of ``members``, each equally often or once more."""
    rounds = -(-count // len(members)) or 1
    return torch.cat([members[torch.randperm(len(members), generator=generator)] for _ in range(rounds)])[
        :count
    ]


def _apportion(shares: Tensor, total: int) -> list[int]:
    """Return integers in proportion to ``shares`` that add up to ``total``."""
    edges = (shares.cumsum(0) * total).round().long()
    return torch.diff(edges, prepend=torch.zeros(1, dtype=torch.long)).tolist()
