"""A run over an archive on a Ray cluster."""

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
from .cluster import Shares
from .stages import Job, Network, read_block, write_block

_BLOCK = 128
"""Images that go together and become one file: what is lost with a worker."""

_BLOCK_BYTES = 64 << 20
"""Of what goes from stage to stage; Ray would cut a block of twice that in two, and the pieces would be files of their own."""

_PATIENCE_S = 600
"""For all copies of the network to be loaded, before anything is read."""

_SLIVER = 0.01
"""Of a processor, which a copy of the network reserves; see `share_out`."""


def segment_all(job: Job, names: Sequence[str], shares: Shares) -> Generator[Outcome, None, None]:
    """Segments files and writes them into the tables; tells of each image when its row is written.

    A worker or a machine that dies costs a second try of the blocks that it had in hand.

    Args:
        job: what is to be done.
        names: paths below ``job.source``.
        shares: from `share_out`.

    Raises:
        PleuraError: results cannot be written, or the network could not be run.
    """
    side = job.describe().preprocessing.input_size
    size = max(1, min(_BLOCK, _BLOCK_BYTES // (2 * 4 * side**2), len(names) // (8 * shares.networks)))
    paths = [pa.table({"path": names[at : at + size]}) for at in range(0, len(names), size)]
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Ray takes the machines in turn: a block that is read between two copies of the network would send both to one machine.
    context.wait_for_min_actors_s = _PATIENCE_S
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    network = {"num_gpus": shares.gpus} if shares.gpus else {"num_cpus": _SLIVER}
    done = (
        ray.data.from_arrow(paths)
        .map_batches(
            partial(read_block, job=job), batch_size=None, batch_format="pyarrow", num_cpus=shares.task_cpus
        )
        .map_batches(
            Network,
            batch_size=None,
            batch_format="pyarrow",
            fn_constructor_args=(job, shares.threads),
            compute=ActorPoolStrategy(size=shares.networks),
            **network,
        )
        .map_batches(
            partial(write_block, job=job), batch_size=None, batch_format="pyarrow", num_cpus=shares.task_cpus
        )
    )
    try:
        for block in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            assert isinstance(block, pa.Table)
            for row in block.to_pylist():
                yield Outcome(row["path"], error=row["error"], trusted=row["trusted"])
    except RayError as error:
        raise _said(error) from error


def _said(error: RayError) -> PleuraError:
    """The sentence that a worker ended with, if it had one: of what was raised there, only the text comes back for sure."""
    told = re.findall(r"^model\.[\w.]+: (.+)$", str(error), re.MULTILINE)
    if told:
        return EngineError(told[-1])
    last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return EngineError(f"The cluster could not go on ({last}): mend that, then run the same command again.")
