"""The command ``pleura`` in processes that can be killed.

They are forks of one process that has imported torch, so that each starts at once. A `Fault` is
injected at the n-th event of a run, never after a time.
"""

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["training.loop.fit", "training.evaluation.results", "scipy.spatial", "model.engines.pytorch"]
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: ``code`` is negative where a signal ended it."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is injected into a run.

    ``"killed"``: SIGKILL at the n-th event. Events are a loss that is computed, the training state half
    written, and a file that is written but not yet flushed and renamed. ``"not_a_number"``: the n-th
    loss is NaN.
    """

    kind: Literal["killed", "not_a_number"]
    at: int


def run_pleura(folder: Path, *arguments: str | Path, fault: Fault | None = None) -> Ended:
    """Run ``pleura`` with these arguments to its end; ``folder`` holds its output meanwhile."""
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    process = _CONTEXT.Process(
        target=_main, args=([str(argument) for argument in arguments], out, err, fault)
    )
    process.start()
    process.join()
    assert process.exitcode is not None
    ended = Ended(process.exitcode, out.read_text(), err.read_text())
    process.close()
    return ended


def _main(arguments: list[str], out: Path, err: Path, fault: Fault | None) -> None:
    _redirect(out, err)
    sys.argv = ["pleura", *arguments]
    if fault is not None:
        _inject(fault)

    from pleura_cli import main

    main()


def _redirect(out: Path, err: Path) -> None:
    for path, descriptor in ((out, 1), (err, 2)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)


def _inject(fault: Fault) -> None:
    import torch

    epoch: Any = import_module("training.loop.epoch")
    events = 0

    def is_due() -> bool:
        nonlocal events
        events += 1
        return events == fault.at

    loss_of, save, fsync = epoch.loss_of, torch.save, os.fsync

    def loss_or_nan(*args: Any, **kwargs: Any) -> Any:
        loss = loss_of(*args, **kwargs)
        return loss * float("nan") if is_due() else loss

    def loss_or_death(*args: Any, **kwargs: Any) -> Any:
        _die_if(is_due())
        return loss_of(*args, **kwargs)

    def half_or_save(state: Any, file: Any) -> None:
        if is_due():
            file.write(b"PK" + bytes(10_000))
            file.flush()
            _die_if(True)
        save(state, file)

    def death_or_fsync(descriptor: int) -> None:
        _die_if(is_due())
        fsync(descriptor)

    if fault.kind == "not_a_number":
        patch.object(epoch, "loss_of", loss_or_nan).start()
    else:
        patch.object(epoch, "loss_of", loss_or_death).start()
        patch.object(torch, "save", half_or_save).start()
        patch.object(os, "fsync", death_or_fsync).start()


def _die_if(due: bool) -> None:
    if due:
        os.kill(os.getpid(), signal.SIGKILL)


def in_processes(count: int, work: Callable[[Path], None], folder: Path) -> None:
    """Call ``work(folder)`` in ``count`` processes at once, as `torchrun` starts them; each must succeed."""
    assert _ended(count, work, [(folder,)] * count) == [0] * count


def run_together(
    folder: Path, count: int, *arguments: str | Path, fault: Fault | None = None, of: Sequence[int] = ()
) -> list[Ended]:
    """Run ``-m training`` in ``count`` processes, with a fault in the processes ``of``."""
    files = [(folder / f"stdout-{rank}.txt", folder / f"stderr-{rank}.txt") for rank in range(count)]
    given = [
        ([str(argument) for argument in arguments], *files[rank], fault if rank in of else None)
        for rank in range(count)
    ]
    codes = _ended(count, _train, given)
    return [
        Ended(code, out.read_text(), err.read_text()) for code, (out, err) in zip(codes, files, strict=True)
    ]


def _ended(count: int, work: Callable[..., None], arguments: list[Any]) -> list[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    processes = [
        _CONTEXT.Process(target=_in_group, args=(rank, count, port, work, arguments[rank]))
        for rank in range(count)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode or 0 for process in processes]


def _in_group(rank: int, count: int, port: int, work: Callable[..., None], arguments: Any) -> None:
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    work(*arguments)


def _train(arguments: list[str], out: Path, err: Path, fault: Fault | None) -> None:
    _redirect(out, err)
    sys.argv = ["training", *arguments]
    if fault is not None:
        _inject(fault)

    from training.__main__ import main

    main()
