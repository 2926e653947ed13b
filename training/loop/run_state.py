"""What a run keeps in its folder to go on from: weights, their average, optimiser, epoch, best figure."""

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
    "recipe": "another recipe or seed",
    "architecture": "another --model",
    "num_classes": "another number of classes",
    "encoder_weights": "other encoder weights",
    "data": "other images",
}
"""What decides a run from its start, by its name in the state."""

_LEFTOVERS = (".*.safetensors.*", f".{_STATE}.partial", ".epochs.csv.*", ".curves.png.*")
"""What a killed run may leave of files that it was writing."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Makes the folder if it is not there, keeps other runs out of it meanwhile, and clears what a killed one left half-written.

    Raises:
        TrainingError: the folder cannot be written, or another run is at work in it.
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
            # The system lets go of it when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainingError(
                f"Another run is writing into {folder}: wait until it ends, or name another --out."
            ) from None
        except OSError:
            pass  # Some network disks have no locks: then nothing can be known of other runs.
        for pattern in _LEFTOVERS:
            for leftover in folder.glob(pattern):
                leftover.unlink(missing_ok=True)
        yield


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a sentence; every other error stays what it is.

    Raises:
        TrainingError: the disk is full or not writable; what was saved before is untouched.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        failed = write_error(error)
        if failed is None or not concerns(failed, folder):
            raise
        go_on = "go on with --resume; the last saved epoch is whole" if has_state(folder) else "start again"
        raise TrainingError(
            f"An epoch could not be saved into {folder} ({reason(failed)}): {remedy(failed)}, then {go_on}."
        ) from error


def has_state(folder: Path) -> bool:
    """Whether a run has saved an epoch here."""
    return (folder / _STATE).exists()


def epochs_of_run(folder: Path) -> list[int]:
    """The epochs of each stage that a run was planned for, by its last checkpoint; none where that cannot be read."""
    try:
        stages = read_metadata(folder / "last.safetensors").recipe["stages"]
    except (CheckpointError, KeyError):
        return []
    return [stage["epochs"] for stage in stages]


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Writes ``state`` into the folder: to a temporary name, flushed to the disk, renamed.

    Raises:
        OSError, RuntimeError: it could not be written; what was saved before is untouched.
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
    """Reads what `save_state` wrote; tensors and plain values only, no other pickled object is loaded.

    Args:
        folder: the run's.
        same: recipe, architecture, num_classes, encoder_weights and data, which must be those that the run was started with; but the last
            stage of the recipe may have more epochs.

    Raises:
        TrainingError: nothing was saved, it is damaged, or the run was started with something else.
    """
    path = folder / _STATE
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"There is no {path} to resume from: start the run without --resume.") from None
    except Exception as error:
        # A damaged file fails in the archive, in the unpickler or in what it calls: each raises different errors.
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
                f"The run in {folder} was started with {_STARTED_WITH[name]}: resume it with the same, or start again in "
                "another --out."
            )
    return state


def _prolongs(recipe: Any, saved: Any) -> bool:
    """Whether a recipe is the saved one but for more epochs of its last stage."""
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
