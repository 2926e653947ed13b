"""A process of its own that reads images: what kills a decoder, or makes it hang, costs one image and not the worker."""

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
"""Bytes that a decoder may allocate: no image within the limits needs more than some 1.5 GB."""

_SECONDS = 120.0
"""After which a decoder hangs; the slowest image within the limits takes a few."""

_ATTEMPTS = 2
"""A decoder may have died for want of memory that others had taken; one that dies twice of an image dies of it."""


class Decoder:
    """Calls a function in a process of its own, which is started when it is first needed and again when it has died.

    Args:
        prepare: makes something to pickle of an image's bytes; must itself be something to pickle.
        seconds: that it may take.
    """

    def __init__(self, prepare: Callable[[bytes], Any], *, seconds: float = _SECONDS) -> None:
        self._prepare = prepare
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None

    def __call__(self, data: bytes) -> Any:
        """What ``prepare`` makes of ``data``.

        Raises:
            ImageError: ``prepare`` raised it, or the process died or hung over it.
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
            "Its decoder died of the image, perhaps for want of memory: save it anew with another program."
        )

    def _ask(self, data: bytes) -> Any:
        pipe = self._pipe or self._start()
        pipe.send_bytes(data)
        if not pipe.poll(self._seconds):
            self.close()
            raise UnreadableImage(
                f"Reading the image takes longer than {self._seconds:.0f} s: save it anew with another program."
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
        """Ends the process; the next image starts another."""
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
            # The worker has ended, however it ended.
            return
        pipe.send(_answer(prepare, data))


def _answer(prepare: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return prepare(data)
    except ImageError as error:
        return error
    except Exception:
        # What is read within the limits may still not fit this process's memory.
        return DecoderFailure()


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
