"""Comparison of the engines: ``python -m benchmarks.engines [--device cuda]``.

On a CPU, milliseconds an image of each engine, one image at a time, all processors. On CUDA, images a
second of the service's engine at batch sizes 1 to 64, from host to host as the service calls it and on the
card alone, without copies; against PyTorch eager in fp32 one by one, and the share of the card's fp16 peak
that the network's arithmetic comes to.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from model.checkpoint import load_checkpoint, read_checkpoint, read_metadata
from model.engines import Engine, EngineChoice, choose_engine
from model.threads import available_cpus

from .engine_speed import card_milliseconds, images_a_second, milliseconds
from .fp32 import true_fp32
from .images import RESULTS
from .machine import describe_machine
from .peak import count_operations, peak_tflops, speeds
from .systems import served_checkpoint
from .tables import gpu

BATCHES = (1, 2, 4, 8, 16, 32, 64)


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
    rates = {
        size: images_a_second(engine, images[:size], streams=engine.streams, seconds=seconds)
        for size in BATCHES
    }
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
