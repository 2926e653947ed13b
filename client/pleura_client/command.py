"""The command ``pleura-client``: sends radiographs to a service and writes the results to files."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from .errors import InvalidArgument, PleuraClientError
from .png import grey_png
from .sources import File
from .synchronous import Pleura
from .trust import MaskFile, png_text

Written: TypeAlias = tuple[bytes, str]
"""Content of a file, and a message about it."""

_STREAM = "-"


def main(argv: Sequence[str] | None = None, *, prog: str = "pleura-client") -> int:
    """Run the command.

    Args:
        argv: The arguments; None for those of the process.
        prog: Name of the program.

    Returns:
        The exit code: 0, or 1 if something failed. Invalid arguments exit with 2.
    """
    parser = _parser(prog)
    asked = parser.parse_args(argv)
    try:
        targets = _targets(asked.files, out=asked.out, form=asked.format)
    except InvalidArgument as error:
        parser.error(str(error))
    try:
        with Pleura(asked.url, api_key=_key(), timeout=asked.timeout, retries=asked.retries) as pleura:
            write = _writer(pleura, asked)
            done = [_process(prog, source, target, write) for source, target in targets]
    except InvalidArgument as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return 130
    return 0 if all(done) else 1


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Sends radiographs to a Pleura service and writes the masks of their lungs.",
        epilog="The API key is read from PLEURA_API_KEY. Exit codes: 0 all written, 1 some failed, "
        "2 invalid arguments.",
    )
    parser.add_argument("url", metavar="URL", help="address of the service: http://host:port")
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="radiographs (PNG, JPEG, TIFF, BMP, WebP, DICOM); - is stdin"
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to; - is stdout")
    parser.add_argument(
        "--format",
        choices=sorted(_SUFFIXES),
        default="mask",
        help="a PNG of the mask, a PNG of the radiograph with outlines, or a DICOM SEG (default: mask)",
    )
    parser.add_argument("--threshold", metavar="P", type=float, help="lowest probability of lung")
    parser.add_argument(
        "--raw", action="store_true", help="no post-processing: keep all components and holes"
    )
    parser.add_argument(
        "--timeout", metavar="S", type=float, default=60.0, help="timeout in seconds (default: 60)"
    )
    parser.add_argument(
        "--retries",
        metavar="N",
        type=int,
        default=4,
        help="retries if the service is busy (default: 4)",
    )
    return parser


_SUFFIXES = {"mask": "_mask.png", "overlay": "_overlay.png", "seg": "_seg.dcm"}


def _targets(files: Sequence[str], *, out: str, form: str) -> list[tuple[str, Path | None]]:
    """Return the path of each result; None for stdout.

    Raises:
        InvalidArgument: Results would overwrite each other or an input file.
    """
    if files.count(_STREAM) > 1:
        raise InvalidArgument("Give - for stdin once.")
    if out == _STREAM:
        if len(files) > 1:
            raise InvalidArgument("Give one file with --out -, or a folder for several.")
        return [(files[0], None)]
    targets: list[tuple[str, Path | None]] = []
    taken = {Path(file).resolve() for file in files if file != _STREAM}
    for file in files:
        stem = "stdin" if file == _STREAM else Path(file).stem
        target = Path(out) / f"{stem}{_SUFFIXES[form]}"
        if target.resolve() in taken:
            raise InvalidArgument(
                f"{target} would be overwritten: give files with different names, or another --out."
            )
        taken.add(target.resolve())
        targets.append((file, target))
    return targets


def _key() -> str | None:
    return os.environ.get("PLEURA_API_KEY") or None


def _writer(pleura: Pleura, asked: argparse.Namespace) -> Callable[[File], Written]:
    """Return the function that makes the file content in the requested format."""
    threshold, postprocess = asked.threshold, not asked.raw

    def mask(source: File) -> Written:
        found = pleura.segment(source, threshold=threshold, postprocess=postprocess)
        quality = found.quality
        text = png_text(quality, found.model.name)
        message = "" if quality.trusted else _untrusted(*(warning.message for warning in quality.warnings))
        return grey_png(np.where(found.mask, np.uint8(255), np.uint8(0)), text=text), message

    def with_message(file: MaskFile) -> Written:
        return file, "" if file.trust.trusted else _untrusted(", ".join(file.trust.warnings))

    def overlay(source: File) -> Written:
        return with_message(pleura.overlay(source, threshold=threshold, postprocess=postprocess))

    def seg(source: File) -> Written:
        return with_message(pleura.seg(source, threshold=threshold, postprocess=postprocess))

    return {"mask": mask, "overlay": overlay, "seg": seg}[asked.format]


def _untrusted(*reasons: str) -> str:
    return " ".join(("not trusted:", *reasons))


def _process(prog: str, source: str, target: Path | None, write: Callable[[File], Written]) -> bool:
    """Process one file and print the outcome; return whether it succeeded."""
    try:
        content, message = write(sys.stdin.buffer.read() if source == _STREAM else Path(source))
        _put(content, target)
    except PleuraClientError as error:
        _print(prog, f"{source}: {error}")
        return False
    except OSError as error:
        _print(prog, f"{source}: the result cannot be written ({error.strerror}): check --out.")
        return False
    _print(prog, ": ".join(part for part in (source, str(target or "stdout"), message) if part))
    return True


def _put(content: bytes, target: Path | None) -> None:
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # A program that watches the folder sees complete files only.
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _print(prog: str, sentence: str) -> None:
    sys.stderr.write(f"{prog}: {sentence}\n")
