"""Data-parallel training: several processes train one network, each on its part of every batch.

    torchrun --nproc-per-node 2 -m training --data DIR --validation DIR --out runs/x

A step sees the batch as a whole: batch normalisation is over all its images, and the loss over all its
pixels. The number of processes therefore changes the duration of a run but, apart from rounding, not
its result.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import pad
from torch.nn.parallel import DistributedDataParallel

from model.errors import PleuraError

from ..errors import TrainingError
from .batch_norm import share_batch_norm

T = TypeVar("T")

_TIMEOUT = timedelta(hours=2)
"""Longest wait for another process, such as the first one while it inspects every file."""


class OtherProcessFailed(TrainingError):
    """Raised in the other processes when one process fails; carries its message."""


@dataclass(frozen=True, slots=True)
class Group:
    """The processes that train a network together. Only the first one writes files and messages.

    A single process is a group of size 1, in which nothing is exchanged.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Return whether this is the process that writes."""
        return self.rank == 0

    @contextmanager
    def raise_together(self) -> Iterator[None]:
        """Raise in every process if the body raises a `PleuraError` in one of them.

        Raises:
            PleuraError: The body's, in the first process that failed.
            OtherProcessFailed: In all others.
        """
        failure: PleuraError | None = None
        try:
            yield
        except PleuraError as error:
            if self.size == 1:
                raise
            failure = error
        if self.size == 1:
            return
        failures: list[PleuraError | None] = [None] * self.size
        distributed.all_gather_object(failures, failure)
        for rank, found in enumerate(failures):
            if found is not None:
                raise found if rank == self.rank else OtherProcessFailed(f"Process {rank} failed: {found}")

    def broadcast(self, make: Callable[[], T]) -> T:
        """Return, or raise, in every process what ``make`` does; only the first process calls it."""
        if self.size == 1:
            return make()
        made: list[Any] = [None]
        with self.raise_together():
            if self.first:
                made[0] = make()
        distributed.broadcast_object_list(made)
        shared: T = made[0]
        return shared

    @contextmanager
    def first_enters(self, manager: AbstractContextManager[T]) -> Iterator[T | None]:
        """Enter ``manager`` in the first process, yield None in the others; raise its error in all."""
        with ExitStack() as held:
            entered = None
            with self.raise_together():
                if self.first:
                    entered = held.enter_context(manager)
            yield entered

    def require_same(self, value: dict[str, Any]) -> None:
        """Check that every process has the same value.

        Raises:
            TrainingError: The values differ, because of other files or other options on another machine.
        """
        expected = self.broadcast(lambda: value)
        with self.raise_together():
            other = [key for key in expected if value.get(key) != expected[key]]
            if other:
                raise TrainingError(
                    f"Process {self.rank} was started with another {' and '.join(other)} than the first: "
                    "give all processes the same options and the same files."
                )

    def split_batches(self, draws: Iterable[T], *, batch_size: int) -> list[list[T]]:
        """Return this process's part of each batch of an epoch; the sizes of the parts differ by one at most.

        An incomplete last batch is left out, unless it is the only one.

        Args:
            draws: The images of the epoch in order, the same in every process.
            batch_size: Images in a batch, over all processes.

        Raises:
            TrainingError: There are more processes than images in a batch.
        """
        drawn = list(draws)
        size = min(batch_size, len(drawn))
        with self.raise_together():
            if size < self.size:
                raise TrainingError(
                    f"A batch has {size} images for {self.size} processes: start at most {size}."
                )
        begin, end = size * self.rank // self.size, size * (self.rank + 1) // self.size
        return [drawn[at + begin : at + end] for at in range(0, len(drawn) - size + 1, size)]

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return ``network`` for data-parallel training, with the first process's weights.

        The network is changed in place: its batch normalisation is over the images of all processes.
        """
        if self.size == 1:
            return network
        return DistributedDataParallel(self.synchronise_batch_norm(network))

    def synchronise_batch_norm(self, network: nn.Module) -> nn.Module:
        """Return ``network``, changed in place, with batch normalisation over the images of all processes."""
        if self.size == 1:
            return network
        if next(network.parameters()).is_cuda:
            together: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
            return together
        share_batch_norm(network)
        return network

    def gather_batch(self, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and target of the whole batch, from this process's part.

        Losses that are no means over images, such as Dice, are then exact. Gradients flow into this
        process's part alone.

        Args:
            logits: ``(B, K, H, W)``.
            target: ``(B, H, W)``.
        """
        if self.size == 1:
            return logits, target
        counts = [torch.zeros(1, dtype=torch.long, device=logits.device) for _ in range(self.size)]
        distributed.all_gather(counts, torch.tensor([len(logits)], device=logits.device))
        sizes = [int(count) for count in counts]
        logits = logits.float()
        if logits.requires_grad:
            # DistributedDataParallel averages the gradients, but here they are the terms of one sum.
            logits.register_hook(lambda gradient: gradient * self.size)
        parts = self._gathered(logits.detach(), sizes)
        parts[self.rank] = logits
        return torch.cat(parts), torch.cat(self._gathered(target, sizes))

    def _gathered(self, own: Tensor, sizes: list[int]) -> list[Tensor]:
        padded = pad(own, [0, 0] * (own.ndim - 1) + [0, max(sizes) - len(own)]).contiguous()
        parts = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(parts, padded)
        return [part[:size] for part, size in zip(parts, sizes, strict=True)]

    def gather(self, value: T) -> list[T]:
        """Return ``value``, which must be picklable, of each process, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values


ALONE = Group()


@contextmanager
def join_process_group(device: str) -> Iterator[Group]:
    """Join the processes that `torchrun` started; without `torchrun`, yield `ALONE`.

    Args:
        device: ``"cuda"``, one GPU for each process, or ``"cpu"``.

    Raises:
        TrainingError: There are fewer GPUs than processes, or another process died.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if device == "cuda":
        number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= there:
            raise TrainingError(
                f"This machine has {there} GPUs for more processes: start at most {there}, with "
                f"--nproc-per-node {there}."
            )
        torch.cuda.set_device(number)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=_TIMEOUT)
    try:
        yield Group(distributed.get_rank(), size)
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise TrainingError("Another process of this run has ended: see its message.") from error
        raise
    distributed.destroy_process_group()


def processes_here() -> int:
    """Return the number of processes of this run on this machine, which share its processors."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
