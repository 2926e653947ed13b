"""The stages of a block of images: read, run, then finish and write, each by the `Segmenter`."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata
from model.engines import EngineOutput
from model.errors import CheckpointError, EngineError, ImageError
from model.segmenter import Segmenter

from ..streams import open_streams
from . import storage, tables
from .decoder import Decoder
from .storage import Location
from .tables import Row

_AHEAD = 8
"""Files fetched in parallel while one is decoded: an object store has a long latency and a high
throughput."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The description of a run for the workers; small, since it is sent with every block.

    Attributes:
        source: Location of the images.
        out: Location of the tables.
        sha256: Hash of the checkpoint, which must be the same on all machines.
        describe: Reads the metadata of the checkpoint.
        load: Makes the segmenter with the network, given a number of threads.
    """

    source: Location
    out: Location
    sha256: str
    describe: Callable[[], CheckpointMetadata]
    load: Callable[[int], Segmenter]

    def check(self, metadata: CheckpointMetadata) -> CheckpointMetadata:
        """Return the metadata if the checkpoint of this machine is the one of the run.

        Raises:
            CheckpointError: This machine has another checkpoint.
        """
        if metadata.sha256 != self.sha256:
            raise CheckpointError(
                "A machine of the cluster has another checkpoint than this one: "
                "copy the same file to all machines."
            )
        return metadata


def prepare(data: bytes, job: Job) -> Row:
    """Return a row of `tables.READ`, without its path, from the bytes of an image.

    Args:
        data: The bytes of the image.
        job: The run, whose checkpoint is loaded once in each process.

    Raises:
        ImageError: The image cannot be used.
    """
    return tables.pack(_segmenter(job).prepare(data))


def read_block(block: pa.Table, *, job: Job) -> pa.Table:
    """Read a block: from paths to `tables.READ`."""
    decoder = _decoder(job)
    rows = []
    for path, fetched in _fetch(job.source, block["path"].to_pylist()):
        try:
            rows.append({"path": path} | decoder(fetched.result()))
        except ImageError as error:
            rows.append({"path": path, "error": str(error)})
    return pa.Table.from_pylist(rows, tables.READ)


class Network:
    """The actor that runs the network, from `tables.READ` to `tables.INFERRED`, until the run ends."""

    def __init__(self, job: Job, threads: int) -> None:
        self._segmenter = job.load(threads)
        self._metadata = job.check(self._segmenter.metadata)

    def __call__(self, block: pa.Table) -> pa.Table:
        """Run the network on the images that could be read, on CUDA a batch in each stream."""
        rows = block.to_pylist()
        good = [row for row in rows if row["error"] is None]
        engine = self._segmenter.engine
        batches = [good[at : at + engine.max_batch] for at in range(0, len(good), engine.max_batch)]
        with open_streams(engine) as streams:
            inferred = chain.from_iterable(streams.map(self._infer, batches))
            rows = [next(inferred) if row["error"] is None else row for row in rows]
        return pa.Table.from_pylist(rows, tables.INFERRED)

    def _infer(self, batch: Sequence[Row]) -> list[Row]:
        answers = self._segmenter.run([tables.unpack(row, self._metadata) for row in batch])
        return [
            tables.with_inferred(row, inferred, engine=self._segmenter.engine.name)
            for row, inferred in zip(batch, answers, strict=True)
        ]


def write_block(block: pa.Table, *, job: Job) -> pa.Table:
    """Write a block of `tables.INFERRED` to one file of each table, and return `tables.DONE`.

    The file name is a hash of the image names in the block. So a block that is processed twice
    overwrites its file, and no image has two rows.

    Raises:
        ArchiveError: The files cannot be written.
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
            segmentation = segmenter.finish(prepared, tables.inferred_of(row, metadata))
            images.append(tables.result(row, segmentation, metadata))
        else:
            errors.append({"path": row["path"], "reason": reason})
        trusted = reason is None and segmentation.quality.trusted
        done.append({"path": row["path"], "error": reason, "trusted": trusted})
    name = hashlib.sha256("\n".join(row["path"] for row in done).encode()).hexdigest()[:32]
    job.out.write_table(f"{storage.ERRORS}/{name}.parquet", pa.Table.from_pylist(errors, tables.ERRORS))
    job.out.write_table(f"{storage.IMAGES}/{name}.parquet", pa.Table.from_pylist(images, tables.IMAGES))
    return pa.Table.from_pylist(done, tables.DONE)


def _fetch(source: Location, paths: Iterable[str]) -> Iterator[tuple[str, Future[bytes]]]:
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
"""Decoders and segmenters of this worker by checkpoint hash, made for its first block."""


def _decoder(job: Job) -> Decoder:
    if job.sha256 not in _decoders:
        _decoders[job.sha256] = Decoder(partial(prepare, job=job))
    return _decoders[job.sha256]


def _segmenter(job: Job) -> Segmenter:
    """Return a segmenter without a network, for `prepare` and `finish`."""
    if job.sha256 not in _segmenters:
        import cv2

        # Images are read and written in parallel: threads within one image would compete for the
        # processors.
        cv2.setNumThreads(1)
        _segmenters[job.sha256] = Segmenter.from_engine(job.check(job.describe()), _NoEngine())
    return _segmenters[job.sha256]


class _NoEngine:
    """The engine of a segmenter that only prepares and finishes."""

    name = "elsewhere"
    device = "cpu"
    max_batch = 1
    streams = 1

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        raise EngineError("The network runs on another worker.")
