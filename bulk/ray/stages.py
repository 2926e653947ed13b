"""What is done to a block of images, stage by stage: read, run, finish and write. Each is the `Segmenter`'s own."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata
from model.engines import EngineOutput
from model.errors import CheckpointError, EngineError, ImageError
from model.segmenter import Segmenter

from . import storage, tables
from .decoder import Decoder
from .storage import Place
from .tables import Row

_AHEAD = 8
"""Files that are fetched while one is decoded: an object store answers late, but many at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every worker is told: little, since it goes along with each block.

    Attributes:
        source: where the images lie.
        out: where the tables go.
        sha256: of the checkpoint, which must be the same on all machines.
        describe: reads its metadata.
        load: makes the segmenter where the network runs, from the number of threads that it may use.
    """

    source: Place
    out: Place
    sha256: str
    describe: Callable[[], CheckpointMetadata]
    load: Callable[[int], Segmenter]

    def check(self, metadata: CheckpointMetadata) -> CheckpointMetadata:
        """Raises:
        CheckpointError: this machine has another checkpoint.
        """
        if metadata.sha256 != self.sha256:
            raise CheckpointError(
                "A machine of the cluster has another checkpoint than this one: copy the same to all of them."
            )
        return metadata


def prepare(data: bytes, job: Job) -> Row:
    """An image's bytes as a row of `tables.READ`, but for its path.

    Raises:
        ImageError: it cannot be used.
    """
    return tables.pack(_segmenter(job).prepare(data))


def read_block(block: pa.Table, *, job: Job) -> pa.Table:
    """``path`` to `tables.READ`."""
    decoder = _decoder(job)
    rows = []
    for path, fetched in _fetch(job.source, block["path"].to_pylist()):
        try:
            rows.append({"path": path} | decoder(fetched.result()))
        except ImageError as error:
            rows.append({"path": path, "error": str(error)})
    return pa.Table.from_pylist(rows, tables.READ)


class Network:
    """`tables.READ` to `tables.SEEN`. It holds the network, and stays where it is as long as the run lasts."""

    def __init__(self, job: Job, threads: int) -> None:
        self._segmenter = job.load(threads)
        self._metadata = job.check(self._segmenter.metadata)

    def __call__(self, block: pa.Table) -> pa.Table:
        """Runs the network on those that could be read."""
        rows = block.to_pylist()
        good = iter([index for index, row in enumerate(rows) if row["error"] is None])
        engine = self._segmenter.engine
        while batch := list(islice(good, engine.max_batch)):
            answers = self._segmenter.run([tables.unpack(rows[index], self._metadata) for index in batch])
            for index, inferred in zip(batch, answers, strict=True):
                rows[index] = tables.with_answer(rows[index], inferred, engine=engine.name)
        return pa.Table.from_pylist(rows, tables.SEEN)


def write_block(block: pa.Table, *, job: Job) -> pa.Table:
    """`tables.SEEN` to one file of each table, and to `tables.DONE`.

    The files are named after the images in the block: a block that is written again, because nobody knows whether it was, is written
    over, so that no image has two rows.

    Raises:
        ArchiveError: they cannot be written.
    """
    segmenter = _segmenter(job)
    metadata = segmenter.metadata
    images: list[Row] = []
    errors: list[Row] = []
    done: list[Row] = []
    for row in block.to_pylist():
        reason = row["error"]
        if reason is None:
            prepared = tables.unpack(row, metadata)
            segmentation = segmenter.finish(prepared, tables.answer_in(row, metadata))
            images.append(tables.result(row, segmentation, metadata))
        else:
            errors.append({"path": row["path"], "reason": reason})
        trusted = reason is None and segmentation.quality.trusted
        done.append({"path": row["path"], "error": reason, "trusted": trusted})
    name = hashlib.sha256("\n".join(row["path"] for row in done).encode()).hexdigest()[:32]
    job.out.write_table(f"{storage.ERRORS}/{name}.parquet", pa.Table.from_pylist(errors, tables.ERRORS))
    job.out.write_table(f"{storage.IMAGES}/{name}.parquet", pa.Table.from_pylist(images, tables.IMAGES))
    return pa.Table.from_pylist(done, tables.DONE)


def _fetch(source: Place, paths: Iterable[str]) -> Iterator[tuple[str, Future[bytes]]]:
    waiting: deque[tuple[str, Future[bytes]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for path in paths:
            waiting.append((path, pool.submit(source.read, path)))
            if len(waiting) > _AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()


_decoders: dict[str, Decoder] = {}
_segmenters: dict[str, Segmenter] = {}
"""Of this worker, by the checkpoint: they are made for its first block and serve the others."""


def _decoder(job: Job) -> Decoder:
    if job.sha256 not in _decoders:
        _decoders[job.sha256] = Decoder(partial(prepare, job=job))
    return _decoders[job.sha256]


def _segmenter(job: Job) -> Segmenter:
    """One that reads and finishes, and has no network."""
    if job.sha256 not in _segmenters:
        import cv2

        # Images are read and written side by side: threads within one would only stand in each other's way.
        cv2.setNumThreads(1)
        _segmenters[job.sha256] = Segmenter.from_engine(job.check(job.describe()), _Elsewhere())
    return _segmenters[job.sha256]


class _Elsewhere:
    """The engine of a segmenter that only reads and finishes."""

    name = "elsewhere"
    device = "cpu"
    max_batch = 1
    lanes = 1

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        raise EngineError("The network runs on another worker.")
