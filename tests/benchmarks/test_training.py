import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmarks import training
from benchmarks.tables import training as table
from benchmarks.training import images_per_s, make_data, measure, plain_loop, plain_network, strong_loop
from model.networks.unet import SegmentationNetwork
from training.loop.hardware import Hardware
from training.loop.recipes import STRONG, adapted

pytestmark = pytest.mark.slow


def test_the_rate_counts_from_the_end_of_the_first_step() -> None:
    assert images_per_s([10.0, 12.0, 14.0], batch_size=16) == 8.0


def test_batches_that_were_ready_before_the_first_step_ended_are_left_out() -> None:
    # Of two workers, whose four batches are there at once; then one batch comes every 2 s.
    ends = [10.0, 10.1, 10.2, 10.3, 10.4, 12.4, 14.4]
    assert images_per_s(ends, batch_size=16, workers=2) == pytest.approx(8)


@pytest.mark.parametrize("workers", [0, 2])
def test_each_loop_has_its_steps_beside_those_that_are_left_out(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    recipe = replace(adapted(STRONG, epochs=1, size=32), batch_size=2)

    def ends(*_: Any, **__: Any) -> list[float]:
        return [float(step**2) for step in range(made[0] // recipe.batch_size)]

    made: list[int] = []
    monkeypatch.setattr(training, "make_data", lambda *_, images, side: made.append(images))
    for name in ("plain_loop", "strong_loop", "loader_alone"):
        monkeypatch.setattr(training, name, ends)
    hardware = Hardware("cpu", mixed_precision=False, workers=workers)
    found = measure(recipe, steps=3, side=64, hardware=hardware)
    assert made == [2 * (1 + 2 * workers + 3)]
    plain, *warm = (row["rate"] for row in found["rows"])
    ready, last = 2 * workers, 2 * workers + 3
    assert plain == pytest.approx(2 * last / last**2)
    assert warm == pytest.approx([2 * 3 / (last**2 - ready**2)] * 2)


def test_the_plain_loop_is_in_fp32_and_not_in_tf32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[bool] = []

    class Watching(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            allowed.append(torch.backends.cudnn.allow_tf32)
            return super().forward(x)

    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    data = make_data(tmp_path / "data", images=2, side=32)
    network = cast(SegmentationNetwork, Watching(1, 2, 1))
    plain_loop(network, data, size=32, batch_size=2, device="cpu")
    assert allowed == [False]
    assert torch.backends.cudnn.allow_tf32


def test_both_training_loops_and_the_loader_are_measured() -> None:
    recipe = replace(adapted(STRONG, epochs=1, size=32), batch_size=2)
    found = measure(recipe, steps=1, side=64, hardware=Hardware("cpu", mixed_precision=False))
    plain, strong, loader = found["rows"]
    assert plain["rate"] > 0
    assert loader["rate"] > 0
    assert strong["ratio"] == strong["rate"] / plain["rate"]
    assert loader["ratio"] is None
    assert table(found).markdown().startswith("Training at 32², batches of 2, on the CPU:")


@pytest.mark.parametrize(("device", "name"), [("cpu", "training.json"), ("cuda", "training-cuda.json")])
def test_each_device_has_its_own_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: Literal["cpu", "cuda"], name: str
) -> None:
    found: dict[str, Any] = {"size": 256, "batch_size": 16, "device": device, "rows": []}
    monkeypatch.setattr(training, "RESULTS", tmp_path)
    monkeypatch.setattr(training, "prepare_device", lambda *_, **__: Hardware(device, mixed_precision=False))
    monkeypatch.setattr(training, "measure", lambda *_, **__: found)
    monkeypatch.setattr(sys, "argv", ["training"])
    training.main()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_both_loops_train_the_same_network(tmp_path: Path) -> None:
    recipe = replace(adapted(STRONG, epochs=1, size=32), batch_size=2)
    data = make_data(tmp_path / "data", images=4, side=64)
    strong_loop(recipe, data, tmp_path / "run", hardware=Hardware("cpu", mixed_precision=False))
    trained = load_file(tmp_path / "run" / "last.safetensors")
    plain = plain_network(recipe).state_dict()
    assert {name: value.shape for name, value in plain.items()} == {
        name: value.shape for name, value in trained.items()
    }
