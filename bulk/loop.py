"""The loop over many radiographs: threads read and write, one runs the network; writes are atomic."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from model.atomic import write_atomically
from model.errors import ImageError, PleuraError, UnreadableImage, UnsuitableImage
from model.segmenter import Segmenter
from model.stages import Inferred, Prepared
from model.threads import available_cpus
from model.writing.formats import NO_DICOM, Format, write

from .findings import Findings


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

    The network runs in the thread that iterates. Memory use does not grow with the number of names.
    When the iterator is closed, results being written are finished; the rest is dropped.

    Args:
        segmenter: The segmenter.
        names: Paths below ``base``.
        base: Folder of the images.
        out: Folder for the results.
        options: Output options.
        elsewhere: Paths of the images that are not below ``base``, by name.

    Raises:
        ArchiveError: Results cannot be written.
        EngineError: The network could not be run.
    """
    batch_size = segmenter.engine.max_batch
    workers = available_cpus()
    # One batch in the network, the next one ready, and one image per thread.
    most = 2 * batch_size + workers
    waiting = iter(names)
    reading: deque[tuple[str, Future[Prepared]]] = deque()
    writing: deque[tuple[str, Future[Findings]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="images")

    def keep(name: str, prepared: Prepared, inferred: Inferred) -> Findings:
        data, findings = options.finish(segmenter, prepared, inferred)
        _save(out / f"{name}{options.format.suffix}", data)
        return findings

    try:
        while True:
            for name in islice(waiting, most - len(reading)):
                path = elsewhere.get(name) or base / name
                reading.append((name, pool.submit(options.prepare, segmenter, path)))
            if not reading:
                break
            batch, failed = _next_batch(reading, batch_size)
            yield from failed
            if batch:
                answers = segmenter.run([prepared for _, prepared in batch])
                for (name, prepared), inferred in zip(batch, answers, strict=True):
                    writing.append((name, pool.submit(keep, name, prepared, inferred)))
            while writing and (len(writing) > most or writing[0][1].done()):
                yield _outcome(*writing.popleft())
        while writing:
            yield _outcome(*writing.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _next_batch(
    reading: deque[tuple[str, Future[Prepared]]], size: int
) -> tuple[list[tuple[str, Prepared]], list[Outcome]]:
    """Remove the next images from ``reading``; return at most ``size``, and those that cannot be used."""
    batch: list[tuple[str, Prepared]] = []
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
