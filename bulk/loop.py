"""The loop over many radiographs: threads read, run the network and write; writes are atomic."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from model.atomic import write_atomically
from model.errors import EngineError, ImageError, PleuraError, UnreadableImage, UnsuitableImage
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.threads import available_cpus
from model.writing.formats import NO_DICOM, Format, write

from .findings import Findings
from .streams import batches_at_once, open_streams

Batch = list[tuple[str, Prepared]]
"""The images of one batch for the network, with their names."""


class ArchiveError(PleuraError):
    """The results cannot be written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one file.

    Attributes:
        name: Name in the listing.
        error: A sentence on why there is no result; None if there is one.
        trusted: Whether the mask is trusted.
        findings: Row of the table of results; None without a result, or if the run has no such table.
    """

    name: str
    error: str | None = None
    trusted: bool = True
    findings: Findings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Output options for every image of a run.

    Attributes:
        format: Format of the results.
        threshold: Lowest probability of lung; None for the checkpoint's threshold.
        postprocess: Keep at most two components and fill holes.
    """

    format: Format
    threshold: float | None = None
    postprocess: bool = True

    def prepare(self, segmenter: Segmenter, source: Path | bytes) -> Prepared:
        """Read an image.

        Args:
            segmenter: The segmenter.
            source: A path, or the bytes of a file.

        Raises:
            ImageError: The image cannot be used.
            OSError: The file cannot be opened.
        """
        prepared = segmenter.prepare(source, all_pixels=self.format.shows_radiograph)
        if self.format.is_dicom and prepared.radiograph.dataset is None:
            # Checked here, before the network runs.
            raise UnsuitableImage(NO_DICOM)
        return prepared

    def finish(self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> tuple[bytes, Findings]:
        """Return the bytes of the result, and its findings.

        Args:
            segmenter: The segmenter.
            prepared: The result of `prepare`.
            inferred: The network's output for it.

        Raises:
            ImageError: The format is not possible for this image.
        """
        segmentation = segmenter.finish(
            prepared, inferred, threshold=self.threshold, postprocess=self.postprocess
        )
        written = write(segmentation, self.format, metadata=segmenter.metadata, engine=segmenter.engine)
        return written, Findings.of(segmentation, segmenter.engine)


def segment_all(
    segmenter: Segmenter,
    names: Iterable[str],
    *,
    base: Path,
    out: Path,
    options: OutputOptions,
    elsewhere: Mapping[str, Path] = MappingProxyType({}),
) -> Generator[Outcome, None, None]:
    """Segment files and write each result to ``out``, named after the file with the suffix of the format.

    On CUDA, each stream of the engine runs a batch in its own thread; on a CPU, one batch at a time runs in
    the thread that iterates. Memory use does not grow with the number of names. When the iterator is closed,
    results being written are finished; the rest is dropped.

    Args:
        segmenter: The segmenter.
        names: Paths below ``base``.
        base: Folder of the images.
        out: Folder for the results.
        options: Output options.
        elsewhere: Paths of the images that are not below ``base``, by name.

    Raises:
        ArchiveError: Results cannot be written.
        EngineError: The network could not be run. It is raised after the outcomes of all images that the
            network has finished.
    """
    run = _Run(segmenter, out, options)
    waiting = iter(names)
    try:
        while run.failure is None:
            for name in islice(waiting, run.most - len(run.reading)):
                run.read(name, elsewhere.get(name) or base / name)
            if not run.reading:
                break
            yield from run.infer()
            yield from run.written()
        yield from run.rest()
    finally:
        run.close()


class _Run:
    """The images of a run that are being read, are in the network, or are being written, in order."""

    def __init__(self, segmenter: Segmenter, out: Path, options: OutputOptions) -> None:
        self._segmenter, self._out, self._options = segmenter, out, options
        workers = available_cpus()
        # The next batch, the one after it, and one image per thread.
        self.most = 2 * segmenter.engine.max_batch + workers
        self.reading: deque[tuple[str, Future[Prepared]]] = deque()
        self.failure: EngineError | None = None
        self._running: deque[tuple[Batch, Future[list[Inferred]]]] = deque()
        self._writing: deque[tuple[str, Future[Findings]]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="images")
        self._streams = open_streams(segmenter.engine)

    def read(self, name: str, path: Path) -> None:
        self.reading.append((name, self._pool.submit(self._options.prepare, self._segmenter, path)))

    def infer(self) -> list[Outcome]:
        """Run the next batch; return its images that cannot be used. Wait if all streams are busy."""
        engine = self._segmenter.engine
        batch, failed = _next_batch(self.reading, engine.max_batch)
        if batch:
            images = [prepared for _, prepared in batch]
            self._running.append((batch, self._streams.submit(self._segmenter.run, images)))
        if len(self._running) == batches_at_once(engine):
            self._write_next()
        return failed

    def written(self) -> Iterator[Outcome]:
        """Yield the outcomes of finished images, and wait for some if many are being written."""
        while self._writing and (len(self._writing) > self.most or self._writing[0][1].done()):
            yield _outcome(*self._writing.popleft())

    def rest(self) -> Iterator[Outcome]:
        """Yield the outcomes of all images that are in the network or are being written.

        Raises:
            EngineError: The network could not be run.
        """
        while self._running:
            self._write_next()
        while self._writing:
            yield _outcome(*self._writing.popleft())
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Wait for what is in progress, and drop what has not begun."""
        # Both are stopped first: neither begins an image while the other ends, even if this is interrupted.
        for wait in (False, True):
            self._streams.shutdown(wait, cancel_futures=True)
            self._pool.shutdown(wait, cancel_futures=True)

    def _write_next(self) -> None:
        batch, future = self._running.popleft()
        try:
            answers = future.result()
        except EngineError as error:
            self.failure = self.failure or error
            return
        for (name, prepared), inferred in zip(batch, answers, strict=True):
            self._writing.append((name, self._pool.submit(self._keep, name, prepared, inferred)))

    def _keep(self, name: str, prepared: Prepared, inferred: Inferred) -> Findings:
        data, findings = self._options.finish(self._segmenter, prepared, inferred)
        _save(self._out / f"{name}{self._options.format.suffix}", data)
        return findings


def _next_batch(reading: deque[tuple[str, Future[Prepared]]], size: int) -> tuple[Batch, list[Outcome]]:
    """Remove the next images from ``reading``; return at most ``size``, and those that cannot be used."""
    batch: Batch = []
    failed: list[Outcome] = []
    while reading and len(batch) < size:
        name, future = reading.popleft()
        try:
            batch.append((name, future.result()))
        except (ImageError, OSError) as error:
            failed.append(Outcome(name, error=_reason(error)))
    return batch, failed


def _outcome(name: str, future: Future[Findings]) -> Outcome:
    try:
        findings = future.result()
        return Outcome(name, trusted=findings.trusted, findings=findings)
    except ImageError as error:
        return Outcome(name, error=str(error))


def _save(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UnreadableImage(
                "The file name is too long for the name of its result: rename the file."
            ) from None
        raise ArchiveError(
            f"The results cannot be written ({error.strerror}): free disk space or use another --out, "
            "then run the same command again."
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        cause = error.strerror or type(error).__name__
        return f"The file cannot be opened ({cause}): check its name and permissions."
    return str(error)
