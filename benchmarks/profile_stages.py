"""Processor time of a request's stages, in this process: ``python -m benchmarks.profile_stages``.

Without HTTP and the event loop, one thread, the stages in turn. `benchmarks.profile_request` measures the
whole request from outside.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from time import thread_time

import cv2
import numpy as np
from rich.console import Console

from app.answer import Answer
from app.document import describe, encode_mask
from app.options import MaskEncoding
from model.evidence import evidence_of
from model.quality.feature_vector import extract_features
from model.reading import read
from model.segmenter import Segmenter

from .images import Picture
from .systems import served_checkpoint
from .tables import Rows


def times(segmenter: Segmenter, data: bytes, *, rounds: int) -> dict[str, float]:
    """Return milliseconds of processor time by stage, the median of the rounds; parts have an indent."""
    prepared = segmenter.prepare(data)
    (inferred,) = segmenter.run([prepared])
    segmentation = segmenter.finish(prepared, inferred)
    side = segmenter.metadata.preprocessing.input_size
    small = cv2.resize(segmentation.labels, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    evidence = evidence_of(
        prepared,
        inferred,
        small,
        threshold=segmentation.threshold,
        preprocessing=segmenter.metadata.preprocessing,
    )
    mask = encode_mask(segmentation, MaskEncoding.PNG, segmenter.metadata.name)
    document = describe(segmentation, segmenter, mask=mask, timing_ms=segmentation.timing_ms)
    calls: dict[str, Callable[[], object]] = {
        "prepare": partial(segmenter.prepare, data),
        "  reading the file": partial(read, data),
        "finish": partial(segmenter.finish, prepared, inferred),
        "  features for the quality": partial(extract_features, evidence),
        "encode": partial(encode_mask, segmentation, MaskEncoding.PNG, segmenter.metadata.name),
        "document": partial(describe, segmentation, segmenter, mask=mask, timing_ms=segmentation.timing_ms),
        "JSON": partial(Answer.document, document, segmentation.quality, segmentation.timing_ms),
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = thread_time()
            call()
            found[name].append(1000 * (thread_time() - start))
    return {name: median(each) for name, each in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_stages", description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--kind", choices=("jpeg", "png8", "png16"), default="png8")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    segmenter = Segmenter(served_checkpoint(), device="cpu", threads=1)
    picture = Picture(options.side, options.kind)
    found = times(segmenter, picture.data(), rounds=options.rounds)
    rows: list[tuple[str, ...] | None] = [(stage, f"{ms:.3f}") for stage, ms in found.items()]
    Rows(f"Processor time outside the network, {picture.name}", ("stage", "ms"), rows).show(Console())


if __name__ == "__main__":
    main()
