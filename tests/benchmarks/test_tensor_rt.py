"""TensorRT in the service's buffers; without a GPU a stand-in runs the file that it is given, by OpenVINO."""

import ctypes
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks import tensor_rt
from benchmarks.tables import tensor_rt as table
from benchmarks.tensor_rt import build, different_pixels, fixed_batches, half_precision_onnx
from model.checkpoint import Checkpoint, read_checkpoint
from model.engines import EngineOutput
from model.engines.fixed_batches import FixedBatches, FoldedNetwork, Outputs
from model.engines.openvino import shared_core
from model.engines.pytorch import STREAMS
from model.networks.unet import SegmentationNetwork
from tests.checkpoints import save_random

SHAPE = (2, 1, 64, 64)


class Context:
    """An execution context: reads and writes at the addresses that it is told, as TensorRT does."""

    works = True

    def __init__(self, model: Any) -> None:
        self._model = model
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._model.reshape({name: list(shape)})
        self._run = shared_core().compile_model(self._model, "CPU")
        return True

    def get_tensor_shape(self, name: str) -> list[int]:
        return list(self._run.output(name).shape)

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        assert stream_handle == 7
        found = self._run([self._at("image", list(self._run.input("image").shape))])
        for name in ("probabilities", "embedding"):
            assert found[name].dtype == np.float16
            self._at(name, self.get_tensor_shape(name))[...] = found[name]
        return self.works

    def _at(self, name: str, shape: list[int]) -> NDArray[np.float16]:
        numbers = (ctypes.c_uint16 * int(np.prod(shape))).from_address(self._addresses[name])
        return np.ctypeslib.as_array(numbers).view(np.float16).reshape(shape)


class TensorRT:
    """The calls of TensorRT 11.4 that build and run a network."""

    __version__ = "11.4"

    class Logger:
        ERROR = 1

        def __init__(self, severity: int) -> None:
            pass

    class OnnxParser:
        def __init__(self, network: SimpleNamespace, logger: object) -> None:
            self._network = network

        def parse(self, model: bytes) -> bool:
            if model.startswith(b"no model"):
                return False
            self._network.model = shared_core().read_model(BytesIO(model))
            return True

        def get_error(self, index: int) -> str:
            return f"error {index}"

    class Builder:
        fails = False

        def __init__(self, logger: object) -> None:
            pass

        def create_network(self) -> SimpleNamespace:
            return SimpleNamespace()

        def create_optimization_profile(self) -> SimpleNamespace:
            shapes: dict[str, tuple[tuple[int, ...], ...]] = {}
            return SimpleNamespace(shapes=shapes, set_shape=lambda name, *shape: shapes.update({name: shape}))

        def create_builder_config(self) -> SimpleNamespace:
            profiles: list[SimpleNamespace] = []
            return SimpleNamespace(profiles=profiles, add_optimization_profile=profiles.append)

        def build_serialized_network(self, network: SimpleNamespace, config: SimpleNamespace) -> Any:
            (profile,) = config.profiles
            (shape,) = {*profile.shapes["image"]}
            assert len(profile.shapes["image"]) == 3
            assert shape[1:] == SHAPE[1:]
            return None if self.fails else network.model

    class Runtime:
        def __init__(self, logger: object) -> None:
            pass

        def deserialize_cuda_engine(self, plan: Any) -> SimpleNamespace:
            return SimpleNamespace(create_execution_context=lambda: Context(plan))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorRT is there."""
    monkeypatch.setitem(sys.modules, "tensorrt", TensorRT)
    monkeypatch.setattr("torch.cuda.current_stream", lambda: SimpleNamespace(cuda_stream=7))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Random weights of a small decoder."""
    return read_checkpoint(save_random(tmp_path_factory.mktemp("tensorrt") / "random.safetensors"))


@pytest.fixture(scope="module")
def onnx(checkpoint: Checkpoint) -> bytes:
    """The network as a file."""
    return half_precision_onnx(checkpoint)


def each_time(work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
    """Stands in for a CUDA graph."""
    outputs = work()

    def again() -> None:
        for output, found in zip(outputs, work(), strict=True):
            output.copy_(found)

    return again, outputs


@pytest.mark.usefixtures("installed")
def test_masks_are_those_of_the_service_on_cuda(checkpoint: Checkpoint, onnx: bytes) -> None:
    images = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    one = fixed_batches(build(onnx, SHAPE), SHAPE, record=each_time, stream=None)
    served = FoldedNetwork(checkpoint.network(), dtype=torch.float16)
    with torch.inference_mode():
        expected = [part.float().numpy() for part in served(torch.from_numpy(images))]
        probabilities, embedding = one(images)
    np.testing.assert_allclose(probabilities, expected[0], atol=0.01)
    np.testing.assert_allclose(embedding, expected[1], rtol=0.05, atol=0.01)
    assert different_pixels(probabilities, expected[0]) < 0.01


@pytest.mark.usefixtures("installed")
def test_what_tensorrt_cannot_do_is_said(onnx: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match=r"cannot read the network: error 0"):
        build(b"no model", SHAPE)
    one = fixed_batches(build(onnx, SHAPE), SHAPE, record=each_time, stream=None)
    monkeypatch.setattr(Context, "works", False)
    with pytest.raises(RuntimeError, match=r"cannot run the network"):
        one(np.zeros(SHAPE, np.float32))
    monkeypatch.setattr(TensorRT.Builder, "fails", True)
    with pytest.raises(RuntimeError, match=r"cannot build the network"):
        build(onnx, SHAPE)


@pytest.mark.usefixtures("installed")
def test_both_are_measured_with_the_same_images(
    checkpoint: Checkpoint, onnx: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Service:
        lanes = ("the service's",)

        def __init__(self, network: SegmentationNetwork, **kind: Any) -> None:
            assert kind == {"device": "cuda", "in_channels": 1, "side": 64, "max_batch": 2}
            self._run = FoldedNetwork(network, dtype=torch.float16)

        def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
            with torch.inference_mode():
                return EngineOutput(*(part.float().numpy() for part in self._run(torch.from_numpy(batch))))

    def on_each_stream(engine: Any, shape: tuple[int, ...]) -> list[FixedBatches]:
        return [fixed_batches(engine, shape, record=each_time, stream=None) for _ in range(STREAMS)]

    def alone(one: Any, size: int, *, seconds: float) -> float:
        return 10.0 if one == "the service's" else 5.0

    monkeypatch.setattr(tensor_rt, "BATCHES", (2, 1))
    monkeypatch.setattr(tensor_rt, "TorchEngine", Service)
    monkeypatch.setattr(tensor_rt, "on_each_stream", on_each_stream)
    monkeypatch.setattr(tensor_rt, "half_precision_onnx", lambda _: onnx)
    monkeypatch.setattr(tensor_rt, "card_milliseconds", alone)
    points = list(tensor_rt.compare(checkpoint, seconds=0))
    assert [point["batch"] for point in points] == [2, 1]
    for point in points:
        assert point["different_pixels"] < 0.01
        assert point["tensorrt"]["rate"] > 0 < point["service"]["rate"]
        assert point["tensorrt"]["alone_rate"] == 2 * point["service"]["alone_rate"] == 200 * point["batch"]
    assert table({"points": points}).markdown().count("2.00") == 2


def test_pixels_are_counted_whose_classes_differ() -> None:
    first = np.zeros((1, 3, 2, 2), np.float32)
    first[:, 0] = 1
    second = first.copy()
    second[0, 2, 0, 0] = 2
    assert different_pixels(first, second) == 0.25


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_measured_without_tensorrt_or_a_card(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tensor_rt, "RESULTS", tmp_path)
    monkeypatch.setattr(tensor_rt, "has_cuda", lambda: False)
    monkeypatch.setattr(sys, "argv", ["tensor_rt"])
    monkeypatch.setitem(sys.modules, "tensorrt", TensorRT if there else None)
    tensor_rt.main()
    told = " ".join(capsys.readouterr().out.split())
    assert ("no CUDA device" if there else "make bench-gpu") in told
    assert not list(tmp_path.iterdir())


def test_table_has_the_ratio_to_the_service() -> None:
    point = {
        "batch": 32,
        "build_s": 41.0,
        "different_pixels": 0.0001,
        "service": {"rate": 100.0, "alone_rate": 200.0},
        "tensorrt": {"rate": 150.0, "alone_rate": 400.0},
    }
    assert "| 32 | 150 | 1.50 | 400 | 2.00 | 0.010% | 41 |" in table({"points": [point]}).markdown()
    assert "not measured" in table(None).markdown()
