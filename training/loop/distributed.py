"""Several processes that train one network together, each on its part of every batch.

    torchrun --nproc-per-node 2 -m training --data DIR --validation DIR --out runs/x

What a step learns from is the batch as a whole: batch normalisation sees all its images, and the loss is that of all its pixels. So the
number of processes changes how long a run takes, and not, rounding apart, what comes of it.
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

_PATIENCE = timedelta(hours=2)
"""How long processes wait for the first one while it looks at every file; one that died is noticed at once."""


class ToldElsewhere(TrainingError):
    """Another process ran into something, and says what."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some processes, of which this one is number ``rank`` of ``size``, from 0. The first alone writes and speaks.

    One process alone is a group as well: then each method gives what it was given.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """What one process runs into inside ends all of them.

        Raises:
            PleuraError: it was this one, the first of those that failed.
            ToldElsewhere: it was another.
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
                raise found if rank == self.rank else ToldElsewhere(f"Process {rank} ended: {found}")

    def share(self, make: Callable[[], T]) -> T:
        """What ``make`` gives in the first process, which alone calls it; all end with its error."""
        if self.size == 1:
            return make()
        made: list[Any] = [None]
        with self.together():
            if self.first:
                made[0] = make()
        distributed.broadcast_object_list(made)
        shared: T = made[0]
        return shared

    @contextmanager
    def first_enters(self, manager: AbstractContextManager[T]) -> Iterator[T | None]:
        """Only the first process enters ``manager``; the others get None, and all end with the error of entering."""
        with ExitStack() as held:
            entered = None
            with self.together():
                if self.first:
                    entered = held.enter_context(manager)
            yield entered

    def require_same(self, value: dict[str, Any]) -> None:
        """Raises:
        TrainingError: a process has another value, because its machine has other files or was given other options.
        """
        expected = self.share(lambda: value)
        with self.together():
            other = [key for key in expected if value.get(key) != expected[key]]
            if other:
                raise TrainingError(
                    f"Process {self.rank} was started with another {' and '.join(other)} than the first: give all the same options "
                    "and the same files."
                )

    def parts(self, draws: Iterable[T], *, batch_size: int) -> list[list[T]]:
        """This process's part of each batch of an epoch: as many as the others get, or one more or less.

        A last batch that is not full is left out, unless it is the only one.

        Raises:
            TrainingError: there are more processes than images in a batch.
        """
        drawn = list(draws)
        size = min(batch_size, len(drawn))
        with self.together():
            if size < self.size:
                raise TrainingError(
                    f"A batch has {size} images for {self.size} processes: start at most {size}."
                )
        begin, end = size * self.rank // self.size, size * (self.rank + 1) // self.size
        return [drawn[at + begin : at + end] for at in range(0, len(drawn) - size + 1, size)]

    def spread(self, network: nn.Module) -> nn.Module:
        """``network`` for training: the processes begin with the first one's weights, and add up their gradients.

        It is changed in place: its batch normalisation is over the images of all.
        """
        if self.size == 1:
            return network
        return DistributedDataParallel(self.normalise_together(network))

    def normalise_together(self, network: nn.Module) -> nn.Module:
        """``network`` with batch normalisation over the images of all processes; it is changed in place."""
        if self.size == 1:
            return network
        if next(network.parameters()).is_cuda:
            together: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
            return together
        share_batch_norm(network)
        return network

    def whole(self, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """``logits (B, K, H, W)`` and ``target (B, H, W)`` of the whole batch, from those of this process's part of it.

        The loss of the whole batch is then right whatever it is made of, and gradients flow into this process's part alone.
        """
        if self.size == 1:
            return logits, target
        counts = [torch.zeros(1, dtype=torch.long, device=logits.device) for _ in range(self.size)]
        distributed.all_gather(counts, torch.tensor([len(logits)], device=logits.device))
        sizes = [int(count) for count in counts]
        logits = logits.float()
        if logits.requires_grad:
            # DistributedDataParallel takes the mean of the gradients, each of which is a part of one sum.
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
        """``value`` of each process, in their order; it must be something to pickle."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values


ALONE = Group()


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """The processes that `torchrun` started with this one; without `torchrun`, this one alone.

    Args:
        device: ``"cuda"``, of which each process takes its own, or ``"cpu"``.

    Raises:
        TrainingError: there are fewer GPUs than processes, or another process died.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    if device == "cuda":
        number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= there:
            raise TrainingError(
                f"This machine has {there} GPUs: start at most so many processes, with --nproc-per-node {there}."
            )
        torch.cuda.set_device(number)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Group(distributed.get_rank(), size)
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise TrainingError("Another process of this run has ended: what it said tells why.") from error
        raise
    distributed.destroy_process_group()


def processes_here() -> int:
    """Processes of this run on this machine, which share its processors."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
