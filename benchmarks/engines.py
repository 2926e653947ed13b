"""Comparison of the engines: ``python -m benchmarks.engines [--device cuda]``.

On a CPU, milliseconds an image of each engine, one image at a time, all processors. On CUDA, images a
second of the service's engine at batch sizes 1 to 64, from host to host as the service calls it and on the
card alone, without copies; against PyTorch eager in fp32 one by one, and the share of the card's fp16 peak
that the network's arithmetic comes to.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model.checkpoint import load_checkpoint, read_checkpoint, read_metadata
from model.engines import Engine, EngineChoice, choose_engine
from model.threads import available_cpus

from .fp32 import true_fp32
from .images import RESULTS
from .machine import describe_machine
from .peak import count_operations, peak_tflops, speeds
from .systems import served_checkpoint
from .tables import gpu

if TYPE_CHECKING:
    from model.engines.fixed_batches import FixedBatches

BATCHES = (1, 2, 4, 8, 16, 32, 64)
_REPEATS = 20
"""Batches between two readings of the card's clock."""


def milliseconds(call: Callable[[], object], *, seconds: float) -> float:
    """Median milliseconds of ``call``, after it has run twice."""
    for _ in range(2):
        call()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times))


def cpu_engines(checkpoint: Path) -> dict[str, Engine]:
    """Return the engines available here by name, with OpenVINO in fp32 and int8."""
    found: dict[str, Engine] = {}
    read = read_checkpoint(checkpoint)
    choices: tuple[EngineChoice, ...] = ("torch", "openvino")
    for choice in choices:
        engine = choose_engine(read, device="cpu", engine=choice)
        found[engine.name] = engine
    exported = checkpoint.with_suffix(".fp32.xml")
    if "openvino-fp32" not in found and exported.exists():
        from model.engines.openvino import OpenVINOEngine, read_model

        model = read_model(exported, read.metadata)
        found["openvino-fp32"] = OpenVINOEngine(model, precision="fp32", threads=available_cpus())
    return found


def on_cpu(checkpoint: Path, *, seconds: float, console: Console) -> dict[str, Any]:
    """Measure the engines of a CPU."""
    shape = _shape(checkpoint)
    batch = np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
    found = {
        name: milliseconds(lambda engine=engine: engine(batch), seconds=seconds)  # type: ignore[misc]
        for name, engine in cpu_engines(checkpoint).items()
    }
    table = Table(title=f"One image of {shape[-1]}², {available_cpus()} processors")
    table.add_column("engine")
    table.add_column("ms", justify="right")
    for name, ms in sorted(found.items(), key=lambda pair: -pair[1]):
        table.add_row(name, f"{ms:.1f}")
    console.print(table)
    return {"cpu_ms": found, "input_size": shape[-1]}


def on_cuda(checkpoint: Path, *, seconds: float) -> dict[str, Any]:
    """Measure the engine of a GPU."""
    import torch

    from model.engines.pytorch import TorchEngine

    network, _ = load_checkpoint(checkpoint)
    channels, side, _ = _shape(checkpoint)
    operations = count_operations(network, (channels, side, side))
    card = torch.cuda.get_device_name()
    peak = peak_tflops(card)

    plain = load_checkpoint(checkpoint)[0].cuda()
    # Noise, because a card draws less power for zeros, and then runs faster.
    images = np.random.default_rng(0).standard_normal((BATCHES[-1], channels, side, side)).astype(np.float32)
    one = torch.from_numpy(images[:1]).cuda()

    def eager() -> None:
        with torch.inference_mode():
            plain.infer(one)
        torch.cuda.synchronize()

    with true_fp32():
        baseline = 1000 / milliseconds(eager, seconds=seconds)
    engine = TorchEngine(network, device="cuda", in_channels=channels, side=side, max_batch=BATCHES[-1])
    rates = {size: images_a_second(engine, images[:size], seconds=seconds) for size in BATCHES}
    # With the images that these calls left in the engine's buffers.
    alone = {
        size: 1000 * size / card_milliseconds(engine.lanes[0], size, seconds=seconds) for size in BATCHES
    }
    points = speeds(rates, alone, baseline=baseline, operations=operations, peak=peak)
    return {
        "card": card,
        "peak_tflops": peak,
        "engine": engine.name,
        "fused": engine.fused,
        "operations": operations,
        "eager_fp32_rate": baseline,
        "points": points,
    }


def images_a_second(engine: Engine, batch: NDArray[np.float32], *, seconds: float) -> float:
    """Return the rate from host to host, with as many threads as the engine has streams.

    Args:
        engine: The engine; the warm-up is not counted.
        batch: What each call gets, ``(B, C, S, S)``.
        seconds: How long new calls are started.
    """

    def calls(until: float) -> int:
        done = 0
        while time.perf_counter() < until or done < 3:
            engine(batch)
            done += 1
        return done

    with ThreadPoolExecutor(engine.streams) as threads:

        def all_threads(until: float) -> int:
            return sum(threads.map(calls, [until] * engine.streams))

        all_threads(0)
        start = time.perf_counter()
        done = all_threads(start + seconds)
        return done * len(batch) / (time.perf_counter() - start)


def card_milliseconds(batches: FixedBatches, size: int, *, seconds: float) -> float:
    """Return the median milliseconds of a recorded batch by the card's clock, without the host's copies."""
    import torch

    def once() -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(_REPEATS):
            batches.repeat(size)
        end.record()
        end.synchronize()
        elapsed_ms: float = start.elapsed_time(end)
        return elapsed_ms / _REPEATS

    once()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        times.append(once())
    return float(np.median(times))


def _shape(checkpoint: Path) -> tuple[int, int, int]:
    metadata = read_metadata(checkpoint)
    side = metadata.preprocessing.input_size
    return metadata.in_channels, side, side


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    console = Console()
    checkpoint = served_checkpoint()
    found: dict[str, Any] = {"machine": describe_machine(checkpoint, options.device)}
    if options.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            console.print("GPU engine: not measured, no CUDA device is here; the results stay as they are")
            return
        found |= on_cuda(checkpoint, seconds=options.seconds)
        gpu(found).show(console)
    else:
        found |= on_cpu(checkpoint, seconds=options.seconds, console=console)
    _write(found, options.device)


def _write(found: dict[str, Any], device: str) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"engines-{device}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
