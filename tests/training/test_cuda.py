"""Training on a GPU, where there is one."""

import json
from pathlib import Path

import pytest
import torch

from .conftest import Phantoms, Pleura
from .loop.test_fit import rows_of, state_of
from .processes import Fault

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(scope="module")
def trained(phantoms: Phantoms, pleura: Pleura, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on CUDA that was killed in its second epoch and gone on with."""
    out = tmp_path_factory.mktemp("cuda") / "run"
    command: list[str | Path] = [
        *("train", "--data", phantoms.first, "--data", phantoms.second, "--validation", phantoms.validation),
        *("--size", "64", "--epochs", "4", "--passes", "4"),
        *("--device", "cuda", "--workers", "2", "--out", out),
    ]
    assert pleura(*command, fault=Fault("killed", at=30)).code == -9
    assert 0 < len(state_of(out)["rows"]) < 4
    ended = pleura(*command, "--resume")
    assert ended.code == 0, ended.err
    return out


def test_cuda_run_learns_the_lungs_and_is_resumed(trained: Path) -> None:
    rows = rows_of(trained)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert float(rows[-1]["validation_iou"]) > 0.6


def test_checkpoint_of_a_cuda_run_gives_the_same_metrics_on_a_cpu(
    trained: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    means = {}
    for device in ("cuda", "cpu"):
        out = tmp_path / device
        ended = pleura(
            *("evaluate", "--checkpoint", trained / "last.safetensors", "--data", phantoms.validation),
            *("--device", device, "--engine", "torch", "--out", out),
        )
        assert ended.code == 0, ended.err
        (summary,) = json.loads((out / "summary.json").read_text()).values()
        means[device] = summary["iou"]["mean"]
    assert means["cuda"] == pytest.approx(means["cpu"], abs=0.01)
