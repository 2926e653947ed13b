"""TensorRT against the engine of the service, on CUDA: ``python -m benchmarks.tensor_rt``.

TensorRT runs the same network in fp16, built for each batch size by itself, between the service's own
buffers, CUDA graphs and streams. Pleura does not need it; ``make bench-gpu`` installs it beside the peers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn

from model.checkpoint import Checkpoint, read_checkpoint
from model.engines.fixed_batches import FixedBatches, FoldedNetwork, Outputs, Record, SideBySide, cuda_graphs
from model.engines.pytorch import STREAMS, TorchEngine
from training.export.convert import onnx_program

from .engine_speed import card_milliseconds, images_a_second
from .images import RESULTS
from .machine import describe_machine, has_cuda
from .systems import served_checkpoint
from .tables import tensor_rt

BATCHES = (32, 1, 8, 64)
"""The most telling first: to build TensorRT's engine for one takes from seconds to minutes."""

OUTPUTS = ("probabilities", "embedding")
"""In the order of `FoldedNetwork`."""


class TensorRTNetwork(nn.Module):
    """TensorRT's engine in the place of a `FoldedNetwork`; one caller at a time.

    Args:
        engine: Of `build`.
        shape: For which it was built.
    """

    def __init__(self, engine: Any, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._context = engine.create_execution_context()
        self._context.set_input_shape("image", shape)

    def forward(self, x: Tensor) -> Outputs:
        """Map fp16 images of the engine's shape, contiguous, to its outputs, on the current stream."""
        outputs = tuple(
            torch.empty(tuple(self._context.get_tensor_shape(name)), dtype=x.dtype, device=x.device)
            for name in OUTPUTS
        )
        for name, tensor in zip(("image", *OUTPUTS), (x, *outputs), strict=True):
            self._context.set_tensor_address(name, tensor.data_ptr())
        if not self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
            raise RuntimeError("TensorRT cannot run the network; it has printed why.")
        return outputs


def half_precision_onnx(checkpoint: Checkpoint) -> bytes:
    """Return the network as CUDA serves it, in fp16 with batch normalisation folded, as an ONNX file."""
    side, channels = checkpoint.metadata.preprocessing.input_size, checkpoint.metadata.in_channels
    folded = FoldedNetwork(checkpoint.network(), dtype=torch.float16).eval()
    example = torch.zeros(2, channels, side, side, dtype=torch.float16)
    return cast(bytes, onnx_program(folded, example).model_proto.SerializeToString())


def build(onnx: bytes, shape: tuple[int, ...]) -> Any:
    """Return TensorRT's engine for batches of one shape, in the precision that each layer has in the file.

    Args:
        onnx: Of `half_precision_onnx`.
        shape: ``(B, C, S, S)``.

    Raises:
        RuntimeError: TensorRT cannot read the network, or cannot build it.
    """
    tensorrt = import_module("tensorrt")
    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    builder = tensorrt.Builder(logger)
    network = builder.create_network()
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(onnx):
        raise RuntimeError(f"TensorRT cannot read the network: {parser.get_error(0)}")
    profile = builder.create_optimization_profile()
    profile.set_shape("image", shape, shape, shape)
    config = builder.create_builder_config()
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise RuntimeError("TensorRT cannot build the network; it has printed why.")
    return tensorrt.Runtime(logger).deserialize_cuda_engine(plan)


def on_each_stream(engine: Any, shape: tuple[int, ...]) -> list[FixedBatches]:
    """Return what runs TensorRT's engine, as many times as the service runs its own side by side."""
    streams = [torch.cuda.Stream() for _ in range(STREAMS)]
    return [fixed_batches(engine, shape, record=cuda_graphs(stream), stream=stream) for stream in streams]


def fixed_batches(
    engine: Any, shape: tuple[int, ...], *, record: Record, stream: torch.cuda.Stream | None
) -> FixedBatches:
    """Return TensorRT's engine between buffers; see `FixedBatches`."""
    size, channels, side, _ = shape
    return FixedBatches(
        TensorRTNetwork(engine, shape),
        shape=(channels, side, side),
        dtype=torch.float16,
        sizes=(size,),
        record=record,
        stream=stream,
    )


def compare(checkpoint: Checkpoint, *, seconds: float) -> Iterator[dict[str, Any]]:
    """Measure both engines at each batch size, in turn, and yield what was found.

    Args:
        checkpoint: Of the network.
        seconds: Of each measurement.
    """
    side, channels = checkpoint.metadata.preprocessing.input_size, checkpoint.metadata.in_channels
    most = max(BATCHES)
    images = np.random.default_rng(0).standard_normal((most, channels, side, side)).astype(np.float32)
    service = TorchEngine(
        checkpoint.network(), device="cuda", in_channels=channels, side=side, max_batch=most
    )
    onnx = half_precision_onnx(checkpoint)
    for size in BATCHES:
        batch = images[:size]
        begun = time.perf_counter()
        built = on_each_stream(build(onnx, batch.shape), batch.shape)
        build_s = time.perf_counter() - begun
        both = SideBySide(built)
        yield {
            "batch": size,
            "build_s": build_s,
            "different_pixels": different_pixels(service(batch).probabilities, both(batch)[0]),
            "service": _rates(service, service.lanes[0], batch, seconds=seconds),
            "tensorrt": _rates(both, built[0], batch, seconds=seconds),
        }


def _rates(
    engine: TorchEngine | SideBySide, one: FixedBatches, batch: NDArray[np.float32], *, seconds: float
) -> dict[str, float]:
    size = len(batch)
    return {
        "rate": images_a_second(engine, batch, streams=STREAMS, seconds=seconds),
        "alone_rate": 1000 * size / card_milliseconds(one, size, seconds=seconds),
    }


def different_pixels(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the share of pixels whose most probable classes differ.

    Args:
        first: Probabilities ``(B, num_classes, S, S)``.
        second: Probabilities of the same shape.
    """
    return float((first.argmax(axis=1) != second.argmax(axis=1)).mean())


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tensor_rt", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    options = parser.parse_args()
    console = Console()
    try:
        version = import_module("tensorrt").__version__
    except ImportError as error:
        console.print(f"TensorRT: not measured, it is not installed ({error}); `make bench-gpu` installs it")
        return
    if not has_cuda():
        console.print("TensorRT: not measured, no CUDA device is here")
        return
    path = served_checkpoint()
    points: list[dict[str, Any]] = []
    found = {"machine": describe_machine(path, "cuda"), "tensorrt": version, "points": points}
    RESULTS.mkdir(parents=True, exist_ok=True)
    for point in compare(read_checkpoint(path), seconds=options.seconds):
        points.append(point)
        # After each size, because a lent machine may be taken back.
        (RESULTS / "tensorrt-cuda.json").write_text(json.dumps(found, indent=1) + "\n")
    tensor_rt(found).show(console)


if __name__ == "__main__":
    main()
