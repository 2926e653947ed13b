"""Many radiographs: read and written in threads beside the one that runs the network; each result whole or not there."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from model.checkpoint import write_atomically
from model.errors import ImageError, PleuraError, UnreadableImage, UnsuitableImage
from model.reading import read
from model.segmenter import Inferred, Prepared, Segmenter
from model.threads import available_cpus
from model.writing.formats import NO_DICOM, Format, write

from .findings import Findings


class ArchiveError(PleuraError):
    """The results cannot be kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        name: as in the listing.
        error: a sentence on why there is no result; None where there is one.
        trusted: nothing speaks against the mask.
        findings: what is in the table of results; None where there is no result, or where the run has no such table.
    """

    name: str
    error: str | None = None
    trusted: bool = True
    findings: Findings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted of each image.

    Attributes:
        format: what is written.
        threshold: probability from which a pixel is lung; None takes the checkpoint's.
        postprocess: keep at most two components and fill holes.
    """

    format: Format
    threshold: float | None = None
    postprocess: bool = True

    def prepare(self, segmenter: Segmenter, source: Path | bytes) -> Prepared:
        """Reads an image.

        Raises:
            ImageError: it cannot be used.
            OSError: it cannot be opened.
        """
        # An overlay shows all pixels, not only what the network needs.
        prepared = segmenter.prepare(read(source) if self.format is Format.OVERLAY else source)
        if self.format.is_dicom and prepared.radiograph.dataset is None:
            # Told before the network runs, not after it.
            raise UnsuitableImage(NO_DICOM)
        return prepared

    def finish(self, segmenter: Segmenter, prepared: Prepared, inferred: Inferred) -> tuple[bytes, Findings]:
        """The bytes of the result, and what is in it.

        Raises:
            ImageError: the image cannot have such a result.
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
    order: Order,
    elsewhere: Mapping[str, Path] = MappingProxyType({}),
) -> Generator[Outcome, None, None]:
    """Segments files and writes each result to ``out`` under the file's name with the format's suffix.

    The network runs in the thread that iterates. However many names there are, only a few images are in memory. What is being
    written when the iterator is closed is still written; the rest is left.

    Args:
        segmenter: what does the work.
        names: paths below ``base``.
        base: where images lie.
        out: where results go.
        order: what is wanted of each.
        elsewhere: where those images are that do not lie below ``base``, by their names.

    Raises:
        ArchiveError: results cannot be written.
        EngineError: the network could not be run.
    """
    batch_size = segmenter.engine.max_batch
    workers = available_cpus()
    # One batch that is ready for the network while another is in it, and what the threads have in hand.
    most = 2 * batch_size + workers
    waiting = iter(names)
    reading: deque[tuple[str, Future[Prepared]]] = deque()
    writing: deque[tuple[str, Future[Findings]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="images")

    def keep(name: str, prepared: Prepared, inferred: Inferred) -> Findings:
        data, findings = order.finish(segmenter, prepared, inferred)
        _save(out / f"{name}{order.format.suffix}", data)
        return findings

    try:
        while True:
            for name in islice(waiting, most - len(reading)):
                path = elsewhere.get(name) or base / name
                reading.append((name, pool.submit(order.prepare, segmenter, path)))
            if not reading:
                break
            batch: list[tuple[str, Prepared]] = []
            while reading and len(batch) < batch_size:
                name, future = reading.popleft()
                try:
                    batch.append((name, future.result()))
                except (ImageError, OSError) as error:
                    yield Outcome(name, error=_sentence(error))
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
                "The name is too long for a file system to hold it with a suffix: rename the file."
            ) from None
        raise ArchiveError(
            f"The results cannot be written ({error.strerror}): free the disk or name another --out, then run the same "
            "command again."
        ) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The file cannot be opened ({error.strerror or type(error).__name__}): check its name and permissions."
    return str(error)
