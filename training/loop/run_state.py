"""The state of a run in its folder: weights, their average, optimiser, log, best validation IoU."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from model.checkpoint import read_metadata
from model.errors import CheckpointError

from ..disk import concerns, reason, remedy, write_error
from ..errors import TrainingError

_STATE = "state.pt"

_STARTED_WITH = {
    "recipe": "another recipe, seed or --teacher",
    "architecture": "another --model",
    "num_classes": "another number of classes",
    "encoder_weights": "other encoder weights",
    "data": "other images",
}
"""What must not change when a run is resumed: its key in the state, and its name in messages."""

_LEFTOVERS = (".*.safetensors.*", f".{_STATE}.partial", ".epochs.csv.*", ".curves.png.*")
"""Incomplete files that a killed run may leave."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Create the folder, lock it against other runs, and delete incomplete files of a killed run.

    Raises:
        TrainingError: The folder cannot be written, or another run is using it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise TrainingError(
            f"{folder} cannot be written ({reason(error)}): {remedy(error)}, or name another one in --out."
        ) from error
    with lock:
        try:
            # The system releases the lock when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainingError(
                f"Another run is writing into {folder}: wait until it ends, or name another --out."
            ) from None
        except OSError:
            pass  # Some network file systems have no locks: other runs cannot be detected there.
        for pattern in _LEFTOVERS:
            for leftover in folder.glob(pattern):
                leftover.unlink(missing_ok=True)
        yield


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a message for the user; every other error passes unchanged.

    Raises:
        TrainingError: The disk is full or not writable; epochs that were saved before are intact.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        failed = write_error(error)
        if failed is None or not concerns(failed, folder):
            raise
        resume = "go on with --resume; the last saved epoch is whole" if has_state(folder) else "start again"
        raise TrainingError(
            f"An epoch could not be saved into {folder} ({reason(failed)}): {remedy(failed)}, then {resume}."
        ) from error


def has_state(folder: Path) -> bool:
    """Return whether a run has saved an epoch in this folder."""
    return (folder / _STATE).exists()


def epochs_of_run(folder: Path) -> list[int]:
    """Return the planned epochs of each stage of a run; empty if its last checkpoint cannot be read."""
    try:
        stages = read_metadata(folder / "last.safetensors").recipe["stages"]
    except (CheckpointError, KeyError):
        return []
    return [stage["epochs"] for stage in stages]


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Write ``state`` into the folder atomically: under a temporary name, flushed to the disk, then renamed.

    Args:
        folder: The run's folder.
        state: What `torch.save` can write.

    Raises:
        OSError, RuntimeError: It could not be written; the state that was saved before is intact.
    """
    temporary = folder / f".{_STATE}.partial"
    try:
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / _STATE)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_state(folder: Path, *, same: dict[str, Any]) -> dict[str, Any]:
    """Read what `save_state` wrote. Only tensors and plain values are unpickled.

    Args:
        folder: The run's.
        same: Recipe, architecture, num_classes, encoder_weights and data, which must be those that the
            run was started with; the last stage of the recipe may have more epochs.

    Raises:
        TrainingError: Nothing was saved, the file is damaged, or the run was started with something else.
    """
    path = folder / _STATE
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"There is no {path} to resume from: start the run without --resume.") from None
    except Exception as error:
        # A damaged file fails in the archive, in the unpickler or in a constructor, each with other errors.
        raise TrainingError(f"{path} is damaged ({_first_line(error)}): start the run again.") from error
    if not (isinstance(state, dict) and "recipe" in state):
        raise TrainingError(f"{path} is not the state of a run: name the run's folder in --out.")
    for name, value in same.items():
        # Runs of earlier versions kept the recipe alone.
        if (
            name in state
            and state[name] != value
            and not (name == "recipe" and _prolongs(value, state[name]))
        ):
            raise TrainingError(
                f"The run in {folder} was started with {_STARTED_WITH[name]}: resume it with the same, "
                "or start again in another --out."
            )
    return state


def _prolongs(recipe: Any, saved: Any) -> bool:
    """Return whether a recipe is the saved one with more epochs in its last stage."""
    if not (isinstance(recipe, dict) and isinstance(saved, dict)):
        return False
    *before, last = saved.get("stages") or [{}]
    longer = recipe["stages"][-1]["epochs"]
    return longer > last.get("epochs", longer) and recipe == {
        **saved,
        "stages": [*before, {**last, "epochs": longer}],
    }


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
