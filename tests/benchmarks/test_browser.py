"""The network in the browser is measured in a real one, and its mask is the service's."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import browser, images, page, systems
from benchmarks.images import Picture
from benchmarks.systems import pleura, started
from model.checkpoint import read_metadata
from model.metrics.overlap import overlap
from model.weights import SMALL, checkpoint_file

PICTURE = Picture(512, "png8")


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (images, systems):
        monkeypatch.setattr(module, "RESULTS", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_the_mask_of_the_browser_is_that_of_the_service(threads: int) -> None:
    if not Path(page.CHROMIUM).exists():
        pytest.skip(f"{page.CHROMIUM} is not here: install Debian's package chromium")
    if not browser.ORT_WEB.exists():
        pytest.skip("ONNX Runtime Web is not here: run make ort-web")
    checkpoint = checkpoint_file(Path(SMALL))
    network, side = checkpoint.with_suffix(".onnx"), read_metadata(checkpoint).preprocessing.input_size
    found = browser.in_browser(network, PICTURE, side=side, threads=threads, rounds=1)
    with started(pleura(checkpoint, device="cpu")) as service:
        ours = browser.by_service(service, PICTURE, rounds=1)
    assert overlap(found["mask"], ours["mask"]).iou >= 0.99
    assert 0.1 < found["mask"].mean() < 0.9
    for each in (found, ours):
        assert 0 < each["network"] < each["all"]
    assert found["loaded"] > 0


def test_only_the_named_files_are_served(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("hello")
    (tmp_path / "other").write_text("secret")
    with browser.served({"/": tmp_path / "page"}) as address:
        with urllib.request.urlopen(address, timeout=20) as response:
            assert response.read() == b"hello"
            assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        for path in ("other", "../other", "ort/../other"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address + path, timeout=20)


def test_without_the_runtime_it_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(browser, "ORT_WEB", tmp_path / "absent")
    monkeypatch.setattr(browser, "Console", lambda **_: Console(width=120))
    assert browser.main() == 1
    assert "make ort-web" in capsys.readouterr().out


def test_sizes_are_of_the_files_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(2_000_000))
    assert browser.megabytes([tmp_path / "zeros"]) == "2.0 MB (0.0)"
