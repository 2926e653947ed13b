"""How a checkpoint is named on the machines of a cluster."""

from pathlib import Path

import pytest

from bulk.ray.command import found_on_all_machines


@pytest.mark.parametrize(
    ("checkpoint", "found"),
    [
        (None, None),
        (Path("small"), Path("small")),
        (Path("/runs/best"), Path("/runs/best")),
        (Path("best"), Path.cwd() / "best"),
    ],
)
def test_file_is_absolute_and_name_is_kept(checkpoint: Path | None, found: Path | None) -> None:
    assert found_on_all_machines(checkpoint) == found
