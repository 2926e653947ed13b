import json
import sys
from pathlib import Path
from threading import Barrier
from typing import Self

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks import engines
from benchmarks.engine_speed import images_a_second
from benchmarks.peak import count_operations, peak_tflops, speeds
from benchmarks.tables import gpu
from model.engines import EngineOutput
from model.networks.unet import ResNet50UNet
from model.weights import BUNDLED
from tests.app.fakes import FakeEngine


@pytest.mark.parametrize(
    ("card", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", 989.0),
        ("NVIDIA H100 PCIe", 756.0),
        ("NVIDIA A100-SXM4-40GB", 312.0),
        ("Tesla T4", 65.0),
        ("NVIDIA H100 NVL", 835.0),
        ("NVIDIA H200", 989.0),
        ("NVIDIA H200 NVL", 835.0),
        ("NVIDIA GH200 480GB", None),
        ("NVIDIA A100X", None),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA L40", 181.0),
        ("NVIDIA L4", 121.0),
        ("NVIDIA A10G", 70.0),
        ("NVIDIA A10", None),
        ("NVIDIA T400 4GB", None),
        ("NVIDIA T4G", None),
        ("Tesla V100-SXM2-16GB", 125.0),
        ("Tesla V100-PCIE-16GB", 112.0),
        ("Tesla V100S-PCIE-32GB", None),
        ("Another 9000", None),
    ],
)
def test_peak_of_a_card_follows_from_its_name(card: str, peak: float | None) -> None:
    assert peak_tflops(card) == peak


def test_operations_grow_with_the_area() -> None:
    network = ResNet50UNet(bridge_channels=16, decoder_channels=(16, 16, 16, 16), head_channels=16).eval()
    assert count_operations(network, (1, 128, 128)) == 4 * count_operations(network, (1, 64, 64))


def test_speeds_are_compared_with_baseline_and_peak() -> None:
    (point,) = speeds({32: 2000.0}, {32: 4000.0}, baseline=100.0, operations=10**10, peak=50.0)
    assert (point["batch"], point["rate"], point["ratio"], point["tflops"]) == (32, 2000.0, 20.0, 20.0)
    assert (point["share"], point["alone_rate"], point["alone_share"]) == (0.4, 4000.0, 0.8)
    unknown = speeds({32: 2000.0}, {32: 4000.0}, baseline=100.0, operations=10**10, peak=None)[0]
    assert unknown["share"] is unknown["alone_share"] is None


def test_all_streams_of_an_engine_are_measured_together() -> None:
    class Meeting(FakeEngine):
        together = Barrier(2, timeout=60)

        def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
            self.together.wait()
            return super().__call__(batch)

    engine = Meeting(device="cuda", max_batch=4, streams=2)
    assert images_a_second(engine, np.zeros((4, 1, 8, 8), np.float32), streams=2, seconds=0) > 0
    assert set(engine.batches) == {4}


class CardNetwork:
    """Notes, for each image that is not black, whether convolutions may be computed in TF32."""

    def __init__(self) -> None:
        self.allow_tf32: set[bool] = set()

    def cuda(self) -> Self:
        return self

    def infer(self, x: Tensor) -> None:
        if x.any():
            self.allow_tf32.add(torch.backends.cudnn.allow_tf32)


class CardEngine(FakeEngine):
    """Stands in for the engine on a card."""

    fused = True
    lanes = (None,)

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        assert batch.dtype == np.float32
        assert batch.std() > 0.9
        return super().__call__(batch)


def test_a_card_is_measured_with_noise_and_against_true_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    network, engine = CardNetwork(), CardEngine(max_batch=2)
    monkeypatch.setattr(engines, "BATCHES", (1, 2))
    monkeypatch.setattr(engines, "card_milliseconds", lambda *_, **__: 1.0)
    monkeypatch.setattr(engines, "load_checkpoint", lambda _: (network, None))
    monkeypatch.setattr("model.engines.pytorch.TorchEngine", lambda *_, **__: engine)
    monkeypatch.setattr("torch.Tensor.cuda", lambda tensor: tensor)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Tesla T4")
    monkeypatch.setattr("torch.cuda.synchronize", lambda: None)
    monkeypatch.setattr("torch.backends.cudnn.allow_tf32", True)
    found = engines.on_cuda(BUNDLED, seconds=0)
    assert (found["card"], found["peak_tflops"], found["fused"]) == ("Tesla T4", 65.0, True)
    assert network.allow_tf32 == {False}
    assert torch.backends.cudnn.allow_tf32
    assert set(engine.batches) == {1, 2}
    assert [point["batch"] for point in found["points"]] == [1, 2]


def test_results_stay_where_there_is_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = tmp_path / "engines-cuda.json"
    committed.write_text("{}")
    monkeypatch.setattr(engines, "RESULTS", tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["engines", "--device", "cuda"])
    engines.main()
    assert committed.read_text() == "{}"
    assert "the results stay as they are" in " ".join(capsys.readouterr().out.split())


def test_results_of_a_card_say_on_which_machine_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = speeds({1: 100.0}, {1: 200.0}, baseline=50.0, operations=10**10, peak=None)
    monkeypatch.setattr(engines, "RESULTS", tmp_path)
    monkeypatch.setattr(engines, "describe_machine", lambda _, device: {"device": device, "began": "now"})
    monkeypatch.setattr(engines, "on_cuda", lambda *_, **__: {"card": "Another 9000", "points": points})
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(sys, "argv", ["engines", "--device", "cuda"])
    engines.main()
    written = json.loads((tmp_path / "engines-cuda.json").read_text())
    assert written["machine"] == {"device": "cuda", "began": "now"}
    assert written["card"] == "Another 9000"


def test_missing_measurement_is_reported() -> None:
    assert "not measured" in gpu(None).markdown()
    points = speeds({1: 100.0}, {1: 200.0}, baseline=50.0, operations=10**10, peak=None)
    assert "unknown card" in gpu({"card": "Another 9000", "points": points}).markdown()


def test_rate_of_the_card_alone_is_listed_where_it_was_measured() -> None:
    points = speeds({1: 100.0}, {1: 217.0}, baseline=50.0, operations=10**10, peak=50.0)
    assert "217" in gpu({"card": "H100", "points": points}).markdown()
    for point in points:
        del point["alone_rate"], point["alone_share"]
    assert "not measured" in gpu({"card": "H100", "points": points}).markdown()


@pytest.mark.parametrize("fused", [True, False])
def test_table_says_where_convolutions_were_not_fused(fused: bool) -> None:
    points = speeds({1: 100.0}, {1: 217.0}, baseline=50.0, operations=10**10, peak=50.0)
    told = gpu({"card": "H100", "points": points, "fused": fused}).markdown()
    assert ("not fused" in told) is not fused
