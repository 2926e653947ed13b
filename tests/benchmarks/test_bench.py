import sys
import urllib.request
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from benchmarks import images, measure, systems
from benchmarks.images import Picture
from benchmarks.machine import describe_machine
from benchmarks.plot import plot
from benchmarks.profile_request import profile
from benchmarks.report import Report, summarise
from benchmarks.systems import Running, System, started
from benchmarks.tables import figures, heading, throughput
from model.checkpoint import BUNDLED

SMALL = Picture(64, "png8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Pleura with a fake engine, in a separate process."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "go").touch()
    system = System(
        name="Pleura",
        family="pleura",
        command=(sys.executable, "-m", "tests.app.serving", str(folder)),
        environment={"PLEURA_PORT": "{port}"},
        path="/segment",
        form_field=None,
        ready="/readyz",
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in (images, systems):
            patch.setattr(module, "RESULTS", folder)
        with started(system) as running:
            yield running


def test_service_is_measured(service: Running, tmp_path: Path) -> None:
    closed = measure.load(service, SMALL, seconds=0.2, concurrency=2)
    assert len(closed["latencies_ms"]) >= 2
    assert closed["failures"] == {}
    assert closed["seconds"] >= 0.2
    opened = measure.load(service, SMALL, seconds=0.5, rate=20)
    assert len(opened["latencies_ms"]) == 10
    assert opened["failures"] == {}
    found = profile(service, SMALL, seconds=0.2)
    assert set(found["stages_ms"]) == {"decode", "queue", "inference", "postprocess", "encode"}
    assert 0 < found["outside"] < 1
    assert service.peak_mb() > 10


def test_refusals_are_counted(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picture, "data", lambda _: b"no image")
    found = measure.load(service, SMALL, seconds=0.1, concurrency=1)
    assert found["latencies_ms"] == []
    assert set(found["failures"]) == {"415"}


def test_service_that_does_not_start_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "RESULTS", tmp_path)
    broken = System(
        name="broken",
        family="broken",
        command=(sys.executable, "-c", "1"),
        path="/",
        form_field=None,
        ready="/",
    )
    with pytest.raises(RuntimeError, match="broken does not start"), started(broken):
        pass


def test_pictures_have_the_format_and_size_of_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "RESULTS", tmp_path)
    sixteen = cv2.imdecode(np.frombuffer(Picture(64, "png16").data(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert sixteen is not None
    assert sixteen.shape == (64, 64)
    assert sixteen.dtype == np.uint16
    assert Picture(64, "jpeg").data()[:2] == b"\xff\xd8"


def test_a_form_holds_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "RESULTS", tmp_path)
    system = System(name="x", family="x", command=(), path="/p", form_field="image", ready="/")
    head, _, body = system.request(SMALL).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /p HTTP/1.1")
    assert f"Content-Length: {len(body)}".encode() in head
    assert SMALL.data() in body
    assert b'name="image"' in body


def test_the_report_computes_ratios(tmp_path: Path) -> None:
    report = Report(machine={})
    report.upper_bound = [
        {"picture": "2048-png8", "round": number, "images_per_s": 20.0, "alone_ms": 60.0, "cpu_ms": 90.0}
        for number in (0, 1)
    ]
    for name, family, rates in (
        ("Pleura", "pleura", (18.0, 9.0)),
        ("FastAPI eager", "FastAPI eager", (3.0, 1.5)),
    ):
        report.systems.append({"name": name, "family": family, "start_s": 2.0, "peak_mb": 500.0})
        for number, rate in enumerate(rates):
            report.closed.append(
                {
                    "system": name,
                    "picture": "2048-png8",
                    "concurrency": 8,
                    "round": number,
                    "rate": rate,
                    "failures": {"500": 2} if name == "FastAPI eager" else {},
                    "cpu_ms": 50.0,
                    "peak_mb": 500.0,
                    **summarise([1, 2, 3]),
                }
            )
    found = {figure.title: figure for figure in report.figures()}
    # The second round was at half the speed: the ratio of two systems in one round does not see it.
    assert found["Pleura / plain FastAPI eager"].found == pytest.approx(6)
    assert found["Pleura / plain FastAPI eager"].interval == "6.00 to 6.00"
    assert found["Pleura / upper bound"].found == pytest.approx((0.9 * 0.45) ** 0.5)
    assert found["Pleura / best batching server, eager"].found is None
    console = Console(width=200, record=True, file=StringIO())
    figures(report).show(console)
    assert "not measured" in console.export_text()
    report.write(tmp_path / "bench.json")
    assert Report.read(tmp_path / "bench.json").figures() == report.figures()
    plot(report, tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes()[:4] == b"\x89PNG"
    rows = throughput(report).markdown().splitlines()
    assert "| Pleura | 2048-png8 |  | 13.50 |  | 50 | 500 |" in rows
    assert "| FastAPI eager | 2048-png8 |  | 2.25 (4 lost) |  | 50 | 500 |" in rows


def test_a_paused_service_takes_no_processor_time_and_goes_on(service: Running) -> None:
    service.pause()
    before = service.cpu_s()
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f"http://127.0.0.1:{service.ports[0]}/healthz", timeout=0.3)
    assert service.cpu_s() == pytest.approx(before, abs=0.02)
    service.resume()
    assert measure.load(service, SMALL, seconds=0.1, concurrency=1)["failures"] == {}


def test_the_machine_is_described() -> None:
    found = describe_machine(BUNDLED, "cpu")
    assert found["cpus"] >= 1
    assert found["memory_gb"] > 0
    assert found["versions"]["numpy"] == np.__version__
    assert found["load_average_at_start"] >= 0
    assert "commit" in found
    assert "card" not in found


@pytest.fixture
def _card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A card; programs are looked for in a folder that is empty."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Another 9000")
    monkeypatch.setattr("torch.version.cuda", "12.8")
    monkeypatch.setattr("torch.backends.cudnn.version", lambda: 91002)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("_card")
def test_the_card_is_described_with_its_driver(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 570.1; echo 570.1\n")
    program.chmod(0o755)
    found = describe_machine(BUNDLED, "cuda")
    described = {name: found[name] for name in ("card", "cuda", "cudnn", "driver")}
    assert described == {"card": "Another 9000", "cuda": "12.8", "cudnn": 91002, "driver": "570.1"}
    assert "Another 9000" in heading(Report(machine=found))
    assert "card" not in describe_machine(BUNDLED, "cpu")


@pytest.mark.usefixtures("_card")
@pytest.mark.parametrize("script", [None, "#!/bin/sh\necho no driver; exit 9\n"])
def test_the_card_is_described_without_nvidia_smi(tmp_path: Path, script: str | None) -> None:
    if script is not None:
        (tmp_path / "nvidia-smi").write_text(script)
        (tmp_path / "nvidia-smi").chmod(0o755)
    found = describe_machine(BUNDLED, "cuda")
    assert found["card"] == "Another 9000"
    assert "driver" not in found
