"""Image decoding in a separate process, so that a crash or a hang costs one image and not the worker."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from model.errors import DecoderFailure, ImageError, UnreadableImage

_MEMORY = 4 << 30
"""Bytes that the process may allocate; no image within the limits needs more than about 1.5 GB."""

_TIMEOUT_S = 120.0
"""Timeout for one image; the slowest image within the limits takes a few seconds."""

_ATTEMPTS = 2
"""Retry once: the first crash may be due to memory pressure. A second crash is attributed to the image."""


class Decoder:
    """Call a function in a separate process, which starts at the first call and restarts after a crash.

    Args:
        prepare: Turns the bytes of an image into a picklable value; must itself be picklable.
        timeout_s: Seconds that one call may take.
    """

    def __init__(self, prepare: Callable[[bytes], Any], *, timeout_s: float = _TIMEOUT_S) -> None:
        self._prepare = prepare
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None

    def __call__(self, data: bytes) -> Any:
        """Return the result of ``prepare`` for ``data``.

        Raises:
            ImageError: Raised by ``prepare``, or the process crashed or timed out.
        """
        for _ in range(_ATTEMPTS):
            try:
                answer = self._ask(data)
            except (EOFError, OSError):
                self.close()
                continue
            if isinstance(answer, ImageError):
                raise answer
            return answer
        raise UnreadableImage(
            "The decoder crashed on this image, perhaps for lack of memory: "
            "save the image again with another program."
        )

    def _ask(self, data: bytes) -> Any:
        pipe = self._pipe or self._start()
        pipe.send_bytes(data)
        if not pipe.poll(self._timeout_s):
            self.close()
            raise UnreadableImage(
                f"Reading the image timed out after {self._timeout_s:.0f} s: "
                "save the image again with another program."
            )
        return pipe.recv()

    def _start(self) -> Connection[Any, Any]:
        ours, its = Pipe()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._pipe = ours
        ours.send(self._prepare)
        return ours

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            self._process.kill()
            self._process.wait()
        self._pipe = self._process = None


def _serve(pipe: Connection[Any, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    prepare = pipe.recv()
    while True:
        try:
            data = pipe.recv_bytes()
        except EOFError:
            # The worker has ended or crashed.
            return
        pipe.send(_answer(prepare, data))


def _answer(prepare: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return prepare(data)
    except ImageError as error:
        return error
    except Exception:
        # For instance MemoryError: an image within the limits may still exceed the memory limit of this
        # process.
        return DecoderFailure()


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
