"""The code of a commit in a temporary folder, to be served from there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def checked_out(repository: Path, commit: str, folder: Path) -> Iterator[str]:
    """Check a commit out into a folder that does not exist yet, and remove it at the end.

    Yields:
        The commit's full hash.

    Raises:
        ValueError: The repository has no such commit.
    """
    try:
        name = _git(repository, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        raise ValueError(f"There is no commit {commit} here. Name one that `git log` shows.") from None
    _git(repository, "worktree", "add", "--quiet", "--detach", str(folder), name)
    try:
        yield name
    finally:
        _git(repository, "worktree", "remove", "--force", str(folder))


def _git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=repository, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def python_path(tree: Path) -> str:
    """Return a ``PYTHONPATH`` with which Python imports the code of a folder before that of any other."""
    return os.pathsep.join(filter(None, (str(tree), os.environ.get("PYTHONPATH"))))


def require_own_code(tree: Path) -> None:
    """Check that Python, started as the service is, imports the code of this folder.

    Raises:
        RuntimeError: It imports other code.
    """
    done = subprocess.run(
        [sys.executable, "-c", "import app, model; print(app.__file__, model.__file__, sep='\\n')"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": python_path(tree)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for line in done.stdout.split():
        if not Path(line).resolve().is_relative_to(tree.resolve()):
            raise RuntimeError(f"{line} would be measured instead of {tree}.")
