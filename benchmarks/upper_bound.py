"""Upper bound of throughput: decode, resize, inference and encoding in one process, without HTTP.

``python -m benchmarks.upper_bound JSON`` with ``checkpoint``, ``image``, ``side``, ``seconds``; for CPUs.
Two ways are tried, and the faster one is the upper bound: as many images at a time as there are processors,
each with one thread from end to end; or one image at a time in a network that uses them all, while
others are decoded and encoded.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.checkpoint import read_metadata
from model.engines.openvino import shared_core
from model.preprocessing import Preprocessing
from model.reading.decoding import GREY, decode_with_opencv
from model.reading.png import decode_grey
from model.threads import available_cpus
from model.writing.png import mask_png

from .processes import end_with_parent

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
)


class Way(NamedTuple):
    """Throughput, and processor time per image."""

    images_per_s: float
    cpu_ms: float


def decode(data: bytes, preprocessing: Preprocessing, side: int) -> NDArray[np.float32]:
    """Decode a PNG or JPEG to the network input ``(1, 1, S, S)``, as the service does, without its checks."""
    if data[:2] == b"\xff\xd8":
        flags = next((flag for by, flag in _REDUCED if side // by >= preprocessing.input_size), GREY)
        pixels = decode_with_opencv(data, flags)
    else:
        pixels = decode_grey(data)
    return preprocessing.apply(pixels)[None, None]


def encode(lung: NDArray[np.float32], preprocessing: Preprocessing, side: int) -> bytes:
    """Encode the probability ``(S, S)`` as PNG mask."""
    return mask_png(preprocessing.restore(lung, width=side, height=side) >= 0.5)


def _openvino(checkpoint: Path, *, streams: int, threads: int) -> Callable[[], Infer]:
    """Make functions that infer, one for each thread that wants to."""
    compiled = shared_core().compile_model(
        checkpoint.with_suffix(".int8.xml"),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": False,
        },
    )

    def make() -> Infer:
        request = compiled.create_infer_request()

        def infer(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            lung: NDArray[np.float32] = np.array(request.infer([batch], share_inputs=True)[0][0, 1])
            return lung

        return infer

    return make


def each_its_own(make: Callable[[], Infer], data: bytes, *, workers: int, seconds: float, **way: Any) -> Way:
    """Speed where each thread takes images from end to end."""
    made = [make() for _ in range(workers)]
    until = time.perf_counter() + seconds

    def work(infer: Infer) -> int:
        count = 0
        while time.perf_counter() < until:
            encode(infer(decode(data, **way))[:], **way)
            count += 1
        return count

    for infer in made:
        infer(decode(data, **way))
    start, cpu = time.perf_counter(), time.process_time()
    until = start + seconds
    with ThreadPoolExecutor(workers) as pool:
        count = sum(pool.map(work, made))
    return Way(count / (time.perf_counter() - start), 1000 * (time.process_time() - cpu) / count)


def side_by_side(infer: Infer, data: bytes, *, workers: int, seconds: float, **way: Any) -> Way:
    """Speed where the network takes one image at a time and the rest is done beside it."""
    lock = Lock()
    infer(decode(data, **way))
    start, cpu = time.perf_counter(), time.process_time()

    def work(_: None) -> bool:
        if time.perf_counter() - start > seconds:
            return False
        pixels = decode(data, **way)
        with lock:
            lung = infer(pixels)
        encode(lung, **way)
        return True

    count = 0
    with ThreadPoolExecutor(workers) as pool:
        while True:
            done = list(pool.map(work, repeat(None, 4 * workers)))
            count += sum(done)
            if not all(done):
                return Way(count / (time.perf_counter() - start), 1000 * (time.process_time() - cpu) / count)


def one_by_one(infer: Infer, data: bytes, *, seconds: float, **way: Any) -> float:
    """Milliseconds of one image, with nothing beside it."""
    infer(decode(data, **way))
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        encode(infer(decode(data, **way)), **way)
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times))


def main(plan: dict[str, Any]) -> dict[str, float]:
    """Images a second of each way, and the milliseconds of one image alone."""
    cv2.setNumThreads(1)
    checkpoint, data, seconds = Path(plan["checkpoint"]), Path(plan["image"]).read_bytes(), plan["seconds"]
    way = {"preprocessing": read_metadata(checkpoint).preprocessing, "side": plan["side"]}
    cpus = available_cpus()
    apart = _openvino(checkpoint, streams=cpus, threads=cpus)
    found = {"each its own": each_its_own(apart, data, workers=cpus, seconds=seconds, **way)}
    infer = _openvino(checkpoint, streams=1, threads=cpus)()
    found["side by side"] = side_by_side(infer, data, workers=cpus + 1, seconds=seconds, **way)
    best = max(found.values())
    return {
        **{name: speed.images_per_s for name, speed in found.items()},
        **best._asdict(),
        "alone_ms": one_by_one(infer, data, seconds=seconds / 2, **way),
    }


if __name__ == "__main__":
    end_with_parent()
    print(json.dumps(main(json.loads(sys.argv[1]))))
