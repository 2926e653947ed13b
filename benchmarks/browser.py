"""The small network in Chromium, beside the service: ``make bench-browser``.

ONNX Runtime Web runs the bundled ONNX file in WebAssembly on a phantom of 512², with one thread and with one
for each processor; `pleura serve` answers the same file. Times of the network and of the whole are the least
of the rounds; loading is measured once. It needs npm, Playwright and Chromium (``apt install chromium``).
"""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
from rich.console import Console

from model.checkpoint import read_metadata
from model.metrics.overlap import overlap
from model.threads import available_cpus
from model.weights import SMALL, checkpoint_file

from .images import Picture
from .page import opened
from .systems import Running, pleura, started
from .tables import Rows

HERE = Path(__file__).parent
ORT_WEB = HERE / ".ort-web" / "1.30.0"
"""Where ``make ort-web`` puts it."""
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What the page loads of ONNX Runtime Web."""


class Files(SimpleHTTPRequestHandler):
    """Serves some files by their addresses, isolated from other origins: threads in WebAssembly need it."""

    def __init__(self, *args: Any, files: dict[str, Path]) -> None:
        self._files = files
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        """See `SimpleHTTPRequestHandler`."""
        return str(self._files.get(urlsplit(path).path, HERE / "absent"))

    def end_headers(self) -> None:
        """See `SimpleHTTPRequestHandler`."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing for each request."""


@contextmanager
def served(files: dict[str, Path]) -> Iterator[str]:
    """Serve files on 127.0.0.1, and yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, files=files)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def in_browser(network: Path, picture: Picture, *, side: int, threads: int, rounds: int) -> dict[str, Any]:
    """Measure the network in Chromium.

    Returns milliseconds (``loaded``, ``network``, ``all``), ``isolated`` and ``mask``, ``(h, w)`` bool.

    Args:
        network: ONNX file.
        picture: What is segmented.
        side: Of the network's input, in pixels.
        threads: Of WebAssembly.
        rounds: Of which the least time counts.

    Raises:
        RuntimeError: The page has one thread where more were asked for.
    """
    picture.data()
    files = {"/": HERE / "browser.html", "/network.onnx": network, "/film.png": picture.path}
    files |= {f"/ort/{name}": ORT_WEB / name for name in RUNTIME}
    with served(files) as address, opened(address) as page:
        page.wait_for_function("window.ready", timeout=30_000)
        found: dict[str, Any] = page.evaluate(
            "options => measure(options)", {"threads": threads, "side": side, "rounds": rounds}
        )
    if threads > 1 and not found["isolated"]:
        raise RuntimeError("The page is not isolated from other origins, so that it has one thread.")
    return {**found, "mask": np.reshape(found["mask"], (picture.side, picture.side)).astype(bool)}


def by_service(service: Running, picture: Picture, *, rounds: int) -> dict[str, Any]:
    """Return the same of a service: milliseconds of the network and of the whole request, and the mask.

    Raises:
        RuntimeError: The answer is no mask.
    """
    network, whole = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        document = json.loads(_post(service, picture, "application/json"))
        whole.append(1000 * (time.perf_counter() - begun))
        network.append(document["timing_ms"]["inference"])
    mask = cv2.imdecode(np.frombuffer(_post(service, picture, "image/png"), np.uint8), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise RuntimeError("The service returned no mask.")
    return {"network": min(network), "all": min(whole), "mask": mask > 0}


def _post(service: Running, picture: Picture, accept: str) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.ports[0]}/segment",
        data=picture.data(),
        headers={"Content-Type": "image/png", "Accept": accept},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        body: bytes = response.read()
    return body


def megabytes(paths: list[Path]) -> str:
    """Return the size of files in MB (10⁶ bytes), and compressed by gzip."""
    data = [path.read_bytes() for path in paths]
    plain, compressed = sum(map(len, data)), sum(len(gzip.compress(each)) for each in data)
    return f"{plain / 1e6:.1f} MB ({compressed / 1e6:.1f})"


def main() -> int:
    """Print the table."""
    console = Console(width=120)
    if not ORT_WEB.exists():
        console.print("ONNX Runtime Web is not here: run `make ort-web`.")
        return 1
    checkpoint = checkpoint_file(Path(SMALL))
    network, side = checkpoint.with_suffix(".onnx"), read_metadata(checkpoint).preprocessing.input_size
    picture, cpus = Picture(512, "png8"), available_cpus()
    measured = partial(in_browser, network, picture, side=side, rounds=12)
    one, all_cpus = measured(threads=1), measured(threads=cpus)
    with started(pleura(checkpoint, device="cpu")) as service:
        ours = by_service(service, picture, rounds=30)
    iou = overlap(one["mask"], ours["mask"]).iou
    rows: list[tuple[str, ...] | None] = [
        ("runtime (gzip)", megabytes([ORT_WEB / name for name in RUNTIME]), "", ""),
        ("weights, fp32 (gzip)", megabytes([network]), "", ""),
        ("until the network is loaded, ms", f"{one['loaded']:.0f}", f"{all_cpus['loaded']:.0f}", ""),
        *(
            (told, *(f"{found[part]:.1f}" for found in (one, all_cpus, ours)))
            for told, part in (("network, ms", "network"), ("file to mask, ms", "all"))
        ),
        ("IoU with the service's mask", f"{iou:.4f}", "", ""),
    ]
    columns = ("", "browser, 1 thread", f"browser, {cpus} threads", f"service, {cpus} threads")
    Rows(f"{checkpoint.stem} in Chromium and in the service, {picture.name}", columns, rows).show(console)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
