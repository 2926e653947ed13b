"""Distances of outlines, computed in a process of its own.

They need MONAI and so PyTorch: seconds to load, and ten times the memory of the service. Here they are loaded by whoever first asks
for an evaluation, and neither probes nor other requests wait for that.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer

import numpy as np
from numpy.typing import NDArray

from model.errors import EngineError
from model.metrics.surface import Surface, surface

from .surface_process import READY, packed

START_PATIENCE_S = 180.0
"""Seconds for MONAI to be loaded."""

PATIENCE_S = 60.0
"""Seconds for one pair of masks; outlines are bounded in length, and take a few at most."""

_ROOT = Path(__file__).parents[1]


class Surfaces:
    """Computes what `model.metrics.surface.surface` does. The process starts when it is first needed, and anew if it ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._warm_process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._closed = False

    @property
    def is_warm(self) -> bool:
        """Whether the process is there."""
        return self._warm_process is not None and self._warm_process.poll() is None

    async def warm(self) -> None:
        """Waits until the process is there; the event loop and the threads that segment go on meanwhile.

        Raises:
            EngineError: it could not be started.
        """
        await asyncio.to_thread(self._warm)

    def __call__(
        self,
        prediction: NDArray[np.bool_],
        truth: NDArray[np.bool_],
        *,
        spacing_mm: tuple[float, float] | None,
    ) -> Surface:
        """See `model.metrics.surface.surface`. Blocks: not for the event loop.

        Raises:
            SizeMismatch: the masks differ in size.
            EngineError: the process failed.
        """
        if prediction.shape != truth.shape or not (prediction.any() and truth.any()):
            return surface(prediction, truth, spacing_mm=spacing_mm)
        head = json.dumps({"shape": truth.shape, "spacing_mm": spacing_mm}).encode()
        with self._lock:
            line = self._ask(self._running(), head + b"\n" + packed(prediction) + packed(truth))
        return Surface(**json.loads(line))

    def close(self) -> None:
        """Ends the process."""
        self._closed = True
        if self._process is not None:
            self._end(self._process)

    def _warm(self) -> None:
        with self._lock:
            self._running()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._process is not None:
            self._end(self._process)
        if self._closed:
            raise EngineError("The service is stopping: try another instance.")
        try:
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.surface_process"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Whatever a library says of an image stays unsaid.
                stderr=subprocess.DEVNULL,
                # Control-C in a terminal is for the service, which lets requests finish.
                start_new_session=True,
            )
        except OSError:
            raise EngineError("The distances cannot be computed here: ask for /segment.") from None
        if _line(process, within_s=START_PATIENCE_S) != READY:
            self._end(process)
            raise EngineError("MONAI could not be loaded: try again later.")
        self._warm_process = process
        return process

    def _ask(self, process: subprocess.Popen[bytes], request: bytes) -> bytes:
        assert process.stdin is not None
        with suppress(OSError), _Deadline(process, PATIENCE_S):
            process.stdin.write(request)
            process.stdin.flush()
            if line := _read(process):
                return line
        self._end(process)
        raise EngineError("The distances could not be computed: try again.")

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        process.wait()


class _Deadline:
    """Kills a process that is not done in time: whoever reads from it then sees the end."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._timer = Timer(seconds, process.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _line(process: subprocess.Popen[bytes], *, within_s: float) -> bytes:
    with _Deadline(process, within_s):
        return _read(process)


def _read(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()
