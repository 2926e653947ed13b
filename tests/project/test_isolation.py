"""Commands make no connection that was not asked for, and write only to their output and cache."""

import ast
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.request import Request, urlopen

import pytest

from model.checkpoint import BUNDLED
from model.isolation import cache_folder, isolate
from pleura_cli import COMMANDS
from tests.app.waiting import wait_until
from tests.training.conftest import draw

from .watched import ROOT, Seen, Watch

pytestmark = pytest.mark.slow

CACHE = "home/.cache/pleura"

ON_ITS_OWN = ("segment", "evaluate", "train", "calibrate", "average", "export", "clean", "pseudo-label")
"""Commands that need no network at all."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("data"), range(4))


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "watched")


def _words(name: str, data: Path) -> list[str | Path]:
    images, checkpoint, folders = data / "images", ("--checkpoint", BUNDLED), ("--data", data)
    options: dict[str, list[str | Path]] = {
        "segment": [images, "--format", "nifti"],
        "evaluate": [*folders],
        "train": [*folders, "--validation", data, "--size", "32", "--epochs", "1"],
        "calibrate": [*checkpoint, *folders, "--frontal", images, "--negatives", data],
        "average": [*checkpoint, *checkpoint],
        "export": [*checkpoint, "--images", images, "--onnx"],
        "clean": [*folders, "--size", "32", "--epochs", "1", "--folds", "2"],
        "pseudo-label": ["--images", images],
    }
    out = "out/x.safetensors" if name in ("calibrate", "average") else "out"
    return [name, *options[name], "--out", out]


def _require_nothing_left(seen: Seen) -> None:
    allowed = {"home/.cache", CACHE, "work/out"}
    left = {path for path in seen.left - allowed if not path.startswith((f"{CACHE}/", "work/out/"))}
    assert not left


def test_every_command_is_tested() -> None:
    assert set(COMMANDS) == {*ON_ITS_OWN, "serve", "health", "client", "pacs", "bulk"}


@pytest.mark.parametrize("name", ON_ITS_OWN)
def test_command_uses_no_network_and_writes_only_into_its_folders(
    name: str, data: Path, watch: Watch
) -> None:
    watch.run(*_words(name, data))
    seen = watch.seen()
    assert not seen.spoken_to
    assert not seen.own
    assert "work/out" in seen.left
    _require_nothing_left(seen)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_service_and_clients_connect_only_to_each_other(
    engine: str, data: Path, watch: Watch, tmp_path: Path
) -> None:
    # Without an exported model beside it, OpenVINO makes its own and keeps it in the cache.
    checkpoint = tmp_path / "alone.safetensors"
    checkpoint.symlink_to(BUNDLED)
    settings = {"PORT": "0", "ENGINE": engine, "CHECKPOINT": str(checkpoint), "DEVICE": "cpu"}
    service = watch.start("serve", **{f"PLEURA_{name}": value for name, value in settings.items()})
    wait_until(lambda: "ready" in watch.log.read_text() or service.poll() is not None, within_s=300)
    found = re.search(r"running on (http://127.0.0.1:(\d+))", watch.log.read_text())
    assert found is not None, watch.log.read_text()
    address, port = found.groups()
    image = data / "images" / "phantom-000.png"
    for path in ("/segment", "/segment?mask=geojson"):
        request = Request(f"{address}{path}", image.read_bytes(), {"Content-Type": "image/png"})
        with urlopen(request, timeout=60) as answer:
            assert answer.status == 200
    for path in ("/", "/docs", "/openapi.json", "/model", "/metrics"):
        with urlopen(f"{address}{path}", timeout=60) as answer:
            assert answer.status == 200
    asking = Watch(tmp_path / "asking")
    asking.run("health", PLEURA_PORT=port)
    asking.run("client", address, image, "--out", "out")
    assert watch.stop(service) == 0
    for seen in (watch.seen(), asking.seen()):
        assert not seen.spoken_to
        _require_nothing_left(seen)


@contextmanager
def _empty_archive() -> Iterator[str]:
    """The address of a PACS without studies."""

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        server.shutdown()


def test_watcher_connects_only_to_its_pacs(watch: Watch) -> None:
    with _empty_archive() as address:
        watch.run("pacs", "--url", address)
    seen = watch.seen()
    assert "127.0.0.1" in seen.own
    assert not seen.spoken_to
    _require_nothing_left(seen)


def test_run_over_an_archive_connects_only_to_this_machine(data: Path, watch: Watch) -> None:
    pytest.importorskip("ray")
    # The paths of Ray's sockets are long.
    with TemporaryDirectory() as folder:
        watch.run("bulk", "--input", data / "images", "--output", "out", TMPDIR=folder)
        assert not list(Path(folder).iterdir())
    seen = watch.seen()
    assert not seen.spoken_to
    _require_nothing_left(seen)


def test_openvino_and_nncf_are_imported_without_telemetry() -> None:
    """Any other import would let them send usage data."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("app", "benchmarks", "client", "model", "samples", "tests", "training")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ".venv" not in str(path)
        for node in _imports(ast.parse(path.read_text(encoding="utf-8")))
        if _names(node) & {"openvino", "nncf"}
    ]
    assert not found


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Return the imports that are executed; those for types alone are not."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _imports(node)


def _names(node: ast.Import | ast.ImportFrom) -> set[str]:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    relative = isinstance(node, ast.ImportFrom) and node.level > 0
    return set() if relative else {module.partition(".")[0] for module in modules}


def test_cache_is_in_the_temporary_folder_without_a_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder() == tmp_path / "pleura"


def test_settings_of_the_user_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/mine")
    isolate()
    assert os.environ["MPLCONFIGDIR"] == "/mine"
