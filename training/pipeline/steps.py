"""Steps of the pipeline: commands of ``pleura`` that each run once."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """A command of ``pleura`` that runs once.

    Attributes:
        name: Of the step.
        arguments: Returns the command's arguments; called when the step begins.
        starts_empty: A folder that is deleted first; None if the command resumes after a killed one.
    """

    name: str
    arguments: Callable[[], list[str | Path]]
    starts_empty: Path | None = None


Chain = list[Step]
"""Steps that follow one another."""


def run(step: Step, out: Path) -> None:
    """Run a step unless it is finished; its output is appended to a log in ``out``.

    Raises:
        CalledProcessError: It failed.
    """
    done = out / "done" / step.name
    if done.exists():
        return
    if step.starts_empty is not None:
        shutil.rmtree(step.starts_empty, ignore_errors=True)
    done.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pleura_cli", *map(str, step.arguments())]
    with (out / f"{step.name}.log").open("a", encoding="utf-8") as log:
        log.write(" ".join(command) + "\n")
        log.flush()
        subprocess.run(command, stdout=log, stderr=log, check=True)
    done.touch()


def run_chain(chain: Chain, out: Path) -> None:
    """Run steps one after the other, and print the name of each finished one.

    Raises:
        CalledProcessError: One failed; those after it are not run.
    """
    for step in chain:
        run(step, out)
        print(step.name, flush=True)  # noqa: T201
