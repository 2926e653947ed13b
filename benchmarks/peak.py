"""The arithmetic of a network, and its share of a card's fp16 peak."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.networks.unet import SegmentationNetwork

PEAK_TFLOPS = {
    "H200": 989.0,
    "H200 NVL": 835.0,
    "H100 80GB HBM3": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L40": 181.0,
    "L4": 121.0,
    "A10G": 70.0,
    "T4": 65.0,
    "V100-SXM2": 125.0,
    "V100-PCIE": 112.0,
}
"""Dense fp16 with tensor cores, from NVIDIA's data sheets. Of the names that stand in the card's as whole
words, the longest counts."""


def count_operations(network: SegmentationNetwork, shape: tuple[int, int, int]) -> int:
    """Count the floating-point operations of one image; a multiply-add counts as two."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.infer(torch.zeros(1, *shape))
    return int(counter.get_total_flops())


def peak_tflops(card: str) -> float | None:
    """Return the dense fp16 peak of a card; None if unknown."""
    names = [name for name in PEAK_TFLOPS if re.search(rf"\b{name}\b", card)]
    return PEAK_TFLOPS[max(names, key=len)] if names else None


def speeds(
    rates: dict[int, float],
    alone: dict[int, float],
    *,
    baseline: float,
    operations: int,
    peak: float | None,
) -> list[dict[str, Any]]:
    """Return per batch size: images/s, ratio to the baseline, TFLOP/s and share of the card's peak.

    Args:
        rates: Images a second by batch size, from host to host.
        alone: The same on the card alone.
        baseline: Images a second of PyTorch eager in fp32.
        operations: Of one image.
        peak: Of the card in TFLOP/s; None if unknown.
    """
    return [
        {
            "batch": size,
            "rate": rate,
            "ratio": rate / baseline,
            "tflops": rate * operations / 1e12,
            "share": _share(rate, operations, peak),
            "alone_rate": alone[size],
            "alone_share": _share(alone[size], operations, peak),
        }
        for size, rate in rates.items()
    ]


def _share(rate: float, operations: int, peak: float | None) -> float | None:
    return None if peak is None else rate * operations / 1e12 / peak
