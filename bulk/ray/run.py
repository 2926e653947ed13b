"""The Ray Data pipeline over an archive."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Sequence
from functools import partial

import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, DataContext
from ray.exceptions import RayError

from model.errors import EngineError, PleuraError

from ..loop import Outcome
from .cluster import Allocation
from .stages import Job, Network, read_block, write_block

_BLOCK = 128
"""Images per block and per output file; a lost worker loses the block that it is processing."""

_BLOCK_BYTES = 64 << 20
"""Bytes of a block between stages; Ray splits a block of twice this size into separate files."""

_LOAD_TIMEOUT_S = 600
"""Seconds to wait for all copies of the network to load before reading starts."""

_NETWORK_CPUS = 0.01
"""Processors that a copy of the network reserves; see `allocate`."""


def segment_all(job: Job, names: Sequence[str], allocation: Allocation) -> Generator[Outcome, None, None]:
    """Segment files into the tables, and yield the outcome of each image when its row is written.

    If a worker or machine is lost, Ray processes its blocks again.

    Args:
        job: Description of the run.
        names: Paths below ``job.source``.
        allocation: The allocation from `allocate`.

    Raises:
        PleuraError: The results cannot be written, or the network could not be run.
    """
    side = job.describe().preprocessing.input_size
    size = max(1, min(_BLOCK, _BLOCK_BYTES // (2 * 4 * side**2), len(names) // (8 * allocation.networks)))
    paths = [pa.table({"path": names[at : at + size]}) for at in range(0, len(names), size)]
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Ray places tasks on the machines in turn: a block read between the start of two copies of the
    # network would place both copies on one machine.
    context.wait_for_min_actors_s = _LOAD_TIMEOUT_S
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    network = {"num_gpus": allocation.gpus} if allocation.gpus else {"num_cpus": _NETWORK_CPUS}
    done = (
        ray.data.from_arrow(paths)
        .map_batches(
            partial(read_block, job=job),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=allocation.task_cpus,
        )
        .map_batches(
            Network,
            batch_size=None,
            batch_format="pyarrow",
            fn_constructor_args=(job, allocation.threads),
            compute=ActorPoolStrategy(size=allocation.networks),
            **network,
        )
        .map_batches(
            partial(write_block, job=job),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=allocation.task_cpus,
        )
    )
    try:
        for block in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            assert isinstance(block, pa.Table)
            for row in block.to_pylist():
                yield Outcome(row["path"], error=row["error"], trusted=row["trusted"])
    except RayError as error:
        raise _engine_error(error) from error


def _engine_error(error: RayError) -> PleuraError:
    """Return the error of a worker, with its own message if it was a `PleuraError`.

    Ray reliably returns only the text of an error, not the exception.
    """
    messages = re.findall(r"^(?:model|bulk)\.[\w.]+: (.+)$", str(error), re.MULTILINE)
    if messages:
        return EngineError(messages[-1])
    last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return EngineError(f"The cluster failed ({last}): correct the cause, then run the same command again.")
