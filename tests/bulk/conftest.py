"""`pleura segment` in this process, and a folder to run it on."""

import io
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import cv2
import pytest

import pleura_cli
from model.engines.flips import FlipAveraged
from model.segmenter import Segmenter
from tests.app.fakes import FakeEngine, dicom, encode, picture, segmenter


@dataclass
class Pleura:
    """The command, with an engine that loads no network."""

    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[bytes]
    engine: FakeEngine = field(default_factory=FakeEngine)
    stdout: bytes = b""
    stderr: str = ""

    def __call__(self, *arguments: object, stdin: bytes = b"") -> int:
        """Run ``pleura segment`` and gives its exit code."""
        self.engine.batches.clear()
        self.monkeypatch.setattr(sys, "argv", ["pleura", "segment", *map(str, arguments)])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            pleura_cli.main()
        captured = self.capture.readouterr()
        self.stdout, self.stderr = captured.out, captured.err.decode()
        assert isinstance(ended.value.code, int)
        return ended.value.code


@pytest.fixture
def pleura(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Iterator[Pleura]:
    command = Pleura(monkeypatch, capsysbinary)

    def load(*_: object, flips: bool = False, **__: object) -> Segmenter:
        return segmenter(FlipAveraged(command.engine) if flips else command.engine)

    monkeypatch.setattr("model.segmenter.Segmenter", load)
    threads, handler = cv2.getNumThreads(), signal.getsignal(signal.SIGTERM)
    yield command
    cv2.setNumThreads(threads)
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Names that could collide: in two folders, and with two suffixes in one."""
    top = tmp_path / "in"
    for name in ("a.png", "a.bmp", "a/a.png", "a/b/a.png"):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(picture(), path.suffix))
    (top / "without-suffix").write_bytes(dicom(picture()))
    (top / "notes.txt").write_text("no image")
    (top / ".hidden.png").write_bytes(encode(picture()))
    return top


ALL = {"a.png", "a.bmp", "a/a.png", "a/b/a.png", "without-suffix"}


def results(out: Path, suffix: str = ".mask.png") -> set[str]:
    found = (path.relative_to(out).as_posix() for path in out.rglob(f"*{suffix}"))
    return {name.removesuffix(suffix) for name in found}
