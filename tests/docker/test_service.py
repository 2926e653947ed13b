"""The image at work, with a root that cannot be written and without any capability."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from tests.app.fakes import decode, dicom
from tests.app.waiting import wait_until
from tests.checkpoints import save_random
from tests.docker.engine import HARDENED, ROOT, Container, docker

PHANTOM = (ROOT / "samples/phantom.png").read_bytes()
MASK = (ROOT / "samples/phantom_mask.png").read_bytes()


def iou(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((mask & truth).sum() / (mask | truth).sum())


def post(service: Container, data: bytes, accept: str = "application/json") -> httpx.Response:
    answer = httpx.post(f"{service.url}/segment", content=data, headers={"Accept": accept}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def pixels() -> NDArray[np.uint8]:
    read = cv2.imdecode(np.frombuffer(PHANTOM, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert read is not None
    return read.astype(np.uint8)


def jpeg() -> bytes:
    return cv2.imencode(".jpg", pixels())[1].tobytes()


@pytest.mark.parametrize("data", [PHANTOM, jpeg(), dicom(pixels())], ids=["png", "jpeg", "dicom"])
def test_phantom_is_segmented(service: Container, data: bytes) -> None:
    assert iou(decode(post(service, data, "image/png").content), decode(MASK)) > 0.9


def test_dicom_is_written(service: Container) -> None:
    seg = dcmread(BytesIO(post(service, dicom(pixels()), "application/dicom").content))
    assert seg.Modality == "SEG"
    assert [segment.SegmentLabel for segment in seg.SegmentSequence] == ["Right lung", "Left lung"]


def test_mask_is_evaluated(service: Container) -> None:
    files = {"image": PHANTOM, "mask": MASK}
    answer = httpx.post(f"{service.url}/evaluate", files=files, timeout=200)
    assert answer.status_code == 200, answer.text
    metrics = answer.json()["metrics"]
    assert metrics["iou"] > 0.9
    assert 0 < metrics["hd95_px"] < 100


def test_engine_is_openvino_int8(cpu_image: str, service: Container) -> None:
    assert post(service, PHANTOM).json()["model"]["engine"] == "openvino-int8"


def test_page_and_documentation_are_served(service: Container) -> None:
    for path in ("/", "/docs", "/openapi.json", "/samples/phantom.png"):
        assert httpx.get(f"{service.url}{path}").status_code == 200, path


def test_large_upload_fits_into_tmp(service: Container) -> None:
    """Uploads of 8 MB are written to /tmp."""
    noise = np.random.default_rng(0).integers(0, 256, (3000, 3000), np.uint8)
    large = cv2.imencode(".png", noise)[1].tobytes()
    assert len(large) > 8_000_000
    assert post(service, large).json()["image"]["width"] == 3000


def test_process_has_no_privileges(service: Container) -> None:
    status = service.execute("cat", "/proc/1/status")
    assert re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0{16}$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    with pytest.raises(AssertionError, match=r"Read-only file system|Permission denied"):
        service.execute("touch", "/srv/pleura/app/x")


def test_health_command_works(service: Container) -> None:
    service.execute("pleura", "health")


def test_sigterm_waits_for_the_request_that_is_under_way(start: Callable[..., Container]) -> None:
    """The signal arrives between the halves of a radiograph; the request is answered."""
    service = start()
    place = urlsplit(service.url)
    head = (
        f"POST /segment HTTP/1.1\r\nHost: x\r\nAccept: image/png\r\nContent-Length: {len(PHANTOM)}\r\n\r\n"
    ).encode()
    half = len(PHANTOM) // 2
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head + PHANTOM[:half])
        wait_until(lambda: "\npleura_uploads 1.0\n" in httpx.get(f"{service.url}/metrics").text)
        docker("kill", "--signal", signal.SIGTERM.name, service.name)
        wait_until(lambda: httpx.get(f"{service.url}/readyz").status_code == 503)
        connection.sendall(PHANTOM[half:])
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    status, _, body = received.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200")
    assert iou(decode(body), decode(MASK)) > 0.9
    assert docker("wait", service.name) == "0"


def test_threads_follow_the_container_s_quota(start: Callable[..., Container]) -> None:
    """Threads are counted by the container's quota, not by the machine's processors."""
    service = start("--cpus", "1")
    count = service.execute(
        "python", "-c", "from model.threads import available_cpus; print(available_cpus())"
    )
    assert count == "1"


def test_checkpoint_that_needs_pytorch_is_rejected_in_a_sentence(cpu_image: str, tmp_path: Path) -> None:
    save_random(tmp_path / "own.safetensors", name="own")
    tmp_path.chmod(0o755)
    mounted = (
        "--volume",
        f"{tmp_path}:/checkpoints:ro",
        "--env",
        "PLEURA_CHECKPOINT=/checkpoints/own.safetensors",
    )
    done = subprocess.run(
        ["docker", "run", "--rm", *HARDENED, *mounted, cpu_image], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = (done.stdout + done.stderr).splitlines()[-1]
    assert "own.safetensors has no own.int8.xml beside it" in last
    assert "`pleura export`" in last


def test_files_are_segmented(cpu_image: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/phantom.png").write_bytes(PHANTOM)
    (tmp_path / "out").mkdir(mode=0o777)
    for folder in (tmp_path, tmp_path / "in", tmp_path / "out"):
        folder.chmod(0o777)
    docker(
        "run",
        "--rm",
        *HARDENED,
        "--volume",
        f"{tmp_path}:/data",
        cpu_image,
        "segment",
        "/data/in",
        "--out",
        "/data/out",
    )
    assert iou(decode((tmp_path / "out/phantom.png.mask.png").read_bytes()), decode(MASK)) > 0.9


def test_logs_are_lines_of_json(start: Callable[..., Container]) -> None:
    service = start("--env", "PLEURA_LOG_FORMAT=json")
    assert all(json.loads(line)["level"] for line in service.log.splitlines())
