"""The command ``pleura segment``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from model.errors import PleuraError
from model.writing.formats import Format

from . import parameters

if TYPE_CHECKING:
    from model.segmenter import Segmenter

    from .listing import Shard
    from .loop import OutputOptions

_PIPE = Path("-")


def segment(
    sources: parameters.Sources,
    out: parameters.Out,
    format: parameters.FormatName = Format.PNG,  # noqa: A002 - the name of the option
    recursive: parameters.Recursive = True,
    shard: parameters.Shard = None,
    checkpoint: parameters.Checkpoint = None,
    device: parameters.DeviceName = "auto",
    engine: parameters.EngineName = "auto",
    flips: parameters.Flips = False,
    threshold: parameters.Threshold = None,
    postprocess: parameters.Postprocess = True,
) -> None:
    """Segment the lungs in one or many radiographs.

    Results mirror the folder: DIR/a/x.png becomes OUT/a/x.png.mask.png.

    Finished files are skipped: run the same command again to resume a stopped run.

    OUT/results.csv has a row for each file: areas, trust, predicted IoU, warnings, or the reason why
    there is no result.

    A file that cannot be used is reported, listed in OUT/failures.csv and skipped; the exit code is
    then 1. Files in a folder that are not images by suffix or first bytes are ignored and counted at
    the end.

    pleura segment radiographs --out masks

    pleura segment x.dcm --out segmentations --format seg

    pleura segment - --out - < x.png > mask.png
    """
    part = _shard(shard)
    _check_paths(sources, out, part)

    import cv2

    from model.segmenter import Segmenter

    from .loop import OutputOptions

    # Images are read and written in parallel: threads within one image would compete for the processors.
    cv2.setNumThreads(1)
    segmenter = Segmenter(checkpoint, device=device, engine=engine, flips=flips)
    options = OutputOptions(format=format, threshold=threshold, postprocess=postprocess)
    if out == _PIPE:
        _one(segmenter, sources[0], options)
    else:
        _many(segmenter, sources, options, out=out, recursive=recursive, shard=part)


def _check_paths(sources: list[Path], out: Path, shard: "Shard | None") -> None:
    if _PIPE in (*sources, out):
        one = len(sources) == 1 and not sources[0].is_dir()
        if not (one and out == _PIPE and shard is None):
            raise typer.BadParameter(
                "- stands for one image: give one file or -, and --out - without --shard."
            )
    elif out.exists() and not out.is_dir():
        raise typer.BadParameter(f"--out {out} is a file: give a folder.")
    elif any(source.resolve() == out.resolve() for source in sources):
        raise typer.BadParameter("--out is the folder of the radiographs: use another folder.")


def _shard(given: str | None) -> "Shard | None":
    if given is None:
        return None
    from .listing import Shard

    numbers = re.fullmatch(r"(\d{1,9})/(\d{1,9})", given)
    if numbers is None or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise typer.BadParameter(f"--shard {given} is not one of 1/N to N/N: for the first of eight use 1/8.")
    return Shard(int(numbers[1]), int(numbers[2]))


def _one(segmenter: "Segmenter", source: Path, options: "OutputOptions") -> None:
    import sys

    try:
        prepared = options.prepare(segmenter, sys.stdin.buffer.read() if source == _PIPE else source)
    except OSError as error:
        raise PleuraError(f"{source} cannot be opened ({error.strerror}): check its name.") from None
    (inferred,) = segmenter.run([prepared])
    data, _ = options.finish(segmenter, prepared, inferred)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _many(
    segmenter: "Segmenter",
    sources: list[Path],
    options: "OutputOptions",
    *,
    out: Path,
    recursive: bool,
    shard: "Shard | None",
) -> None:
    import signal
    from contextlib import closing

    from .failures import Failures
    from .listing import list_images
    from .loop import segment_all
    from .progress import RunProgress, ignored_sentence
    from .record import check_run, recorded_base
    from .results import Results

    # SIGTERM from a scheduler ends the run as Ctrl-C does: results being written are finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listing = list_images(sources, recursive=recursive, out=out, base=recorded_base(out))
    if not listing.names:
        others = f" {ignored_sentence(listing.ignored)}." if listing.ignored else ""
        raise PleuraError(f"There is no image to segment: give image files, or a folder with images.{others}")
    check_run(out, base=listing.base, segmenter=segmenter, options=options)
    mine = [name for name in listing.names if shard is None or name in shard]
    with Results(out, format_=options.format, shard=shard) as results, Failures(out, shard=shard) as failures:
        todo = results.resume(mine)
        outcomes = segment_all(
            segmenter, todo, base=listing.base, out=out, options=options, elsewhere=listing.elsewhere
        )
        progress = RunProgress(
            len(todo),
            done_before=len(mine) - len(todo),
            ignored=listing.ignored,
            failures=failures.path,
            results=results.path,
        )
        with progress, closing(outcomes):
            for outcome in outcomes:
                if outcome.error is not None:
                    failures.add(outcome.name, outcome.error)
                results.add(outcome)
                progress.add(outcome)
    if failures.count:
        raise typer.Exit(1)
