import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pleura_client import Pleura
from pleura_client.command import main

from tests.app.fakes import decode, encode, picture, truth
from tests.client.serving import Running, running

Capture = pytest.CaptureFixture[bytes]


def test_mask_is_written(service: Running, folder: Path, capsysbinary: Capture) -> None:
    out = folder / "new" / "masks"
    assert main([service.url, str(folder / "radiograph.png"), "--out", str(out)]) == 0
    assert np.array_equal(decode((out / "radiograph_mask.png").read_bytes()), truth())
    assert [path.name for path in out.iterdir()] == ["radiograph_mask.png"]
    told = capsysbinary.readouterr()
    assert told.out == b""
    assert b"radiograph_mask.png" in told.err


def test_several_files_are_written(service: Running, folder: Path) -> None:
    (folder / "second.png").write_bytes(encode(picture((8, 12, 16, 20))))
    files = [str(folder / name) for name in ("radiograph.dcm", "second.png")]
    assert main([service.url, *files, "--out", str(folder)]) == 0
    assert np.array_equal(decode((folder / "radiograph_mask.png").read_bytes()), truth())
    assert np.array_equal(decode((folder / "second_mask.png").read_bytes()), truth((8, 12, 16, 20)))


@pytest.mark.parametrize(
    ("form", "name", "head"),
    [("overlay", "radiograph_overlay.png", b"\x89PNG"), ("seg", "radiograph_seg.dcm", bytes(128) + b"DICM")],
)
def test_every_format_is_written(service: Running, folder: Path, form: str, name: str, head: bytes) -> None:
    source = str(folder / "radiograph.dcm")
    assert main([service.url, source, "--out", str(folder), "--format", form]) == 0
    assert (folder / name).read_bytes().startswith(head)


def test_every_format_says_whether_the_mask_is_trusted(
    service: Running, folder: Path, capsysbinary: Capture
) -> None:
    source = str(folder / "radiograph.dcm")
    for form in ("mask", "overlay", "seg"):
        assert main([service.url, source, "--out", str(folder), "--format", form]) == 0
        assert b"not trusted: " in capsysbinary.readouterr().err, form
    for name in ("radiograph_mask.png", "radiograph_overlay.png"):
        with Image.open(folder / name) as image:
            assert image.info["Pleura-Trusted"] == "false"
            assert image.info["Pleura-Warnings"] == "one_lung, not_calibrated"
            assert "Only one lung" in image.info["Warning"]
            assert image.info["Pleura-Checkpoint"] == "fake"


def test_options_are_passed_on(service: Running, folder: Path) -> None:
    pixels = picture()
    pixels[2:4, 50:52] = 40
    source = folder / "x.png"
    source.write_bytes(encode(pixels))
    assert main([service.url, str(source), "--out", str(folder), "--raw"]) == 0
    assert np.array_equal(decode((folder / "x_mask.png").read_bytes()), pixels < 100)
    assert main([service.url, str(source), "--out", str(folder), "--threshold", "0.99"]) == 0
    assert not decode((folder / "x_mask.png").read_bytes()).any()


class Stdin:
    """Standard input of these bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = BytesIO(data)


def test_standard_input_and_output_are_used(
    service: Running, folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(encode(picture())))
    assert main([service.url, "-", "--out", "-"]) == 0
    told = capsysbinary.readouterr()
    assert np.array_equal(decode(told.out), truth())
    assert told.err == b"pleura-client: -: stdout: not trusted: " + told.err.split(b"trusted: ")[1]
    monkeypatch.setattr(sys, "stdin", Stdin(encode(picture())))
    assert main([service.url, "-", "--out", str(folder)]) == 0
    assert np.array_equal(decode((folder / "stdin_mask.png").read_bytes()), truth())


def test_failing_file_does_not_stop_the_others(service: Running, folder: Path, capsysbinary: Capture) -> None:
    (folder / "broken.png").write_bytes(b"rubbish")
    files = [str(folder / name) for name in ("broken.png", "missing.png", "radiograph.png")]
    assert main([service.url, *files, "--out", str(folder)]) == 1
    assert np.array_equal(decode((folder / "radiograph_mask.png").read_bytes()), truth())
    assert not (folder / "broken_mask.png").exists()
    lines = capsysbinary.readouterr().err.decode().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"pleura-client: {folder / 'broken.png'}: ")
    assert "missing.png cannot be read" in lines[1]


def test_unwritable_folder_is_reported(service: Running, folder: Path, capsysbinary: Capture) -> None:
    target = folder / "radiograph_mask.png"
    target.mkdir()
    assert main([service.url, str(folder / "radiograph.png"), "--out", str(folder)]) == 1
    assert b"check --out" in capsysbinary.readouterr().err
    assert not (folder / "radiograph_mask.png.part").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["localhost:8000", "x.png", "--out", "."], "http://host:port"),
        (["http://localhost", "x.png"], "--out"),
        (["http://localhost", "--out", "."], "FILE"),
        (["http://localhost", "a/x.png", "b/x.png", "--out", "."], "x_mask.png would be overwritten"),
        (["http://localhost", "x.png", "x.dcm", "--out", "."], "x_mask.png would be overwritten"),
        (["http://localhost", "x.png", "x_mask.png", "--out", "."], "x_mask.png would be overwritten"),
        (["http://localhost", "x.png", "y.png", "--out", "-"], "one file"),
        (["http://localhost", "-", "-", "--out", "."], "once"),
        (["http://localhost", "x.png", "--out", ".", "--format", "gif"], "gif"),
        (["http://localhost", "x.png", "--out", ".", "--retries", "-1"], "retries"),
    ],
)
def test_wrong_arguments_are_rejected(arguments: list[str], reason: str, capsysbinary: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    told = capsysbinary.readouterr().err.decode()
    assert reason in told.splitlines()[-1]
    assert "Traceback" not in told


def test_key_comes_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(api_key="s3cret") as service:
        call = [service.url, str(folder / "radiograph.png"), "--out", str(folder)]
        monkeypatch.delenv("PLEURA_API_KEY", raising=False)
        assert main(call) == 1
        monkeypatch.setenv("PLEURA_API_KEY", "s3cret")
        assert main(call) == 0


def test_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pleura, "segment", interrupt)
    assert main(["http://localhost", str(folder / "radiograph.png"), "--out", str(folder)]) == 130


def test_help_fits_80_columns(monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        main(["--help"], prog="pleura client")
    assert caught.value.code == 0
    text = capsysbinary.readouterr().out.decode()
    assert text.startswith("usage: pleura client ")
    assert max(map(len, text.splitlines())) <= 80
    assert "PLEURA_API_KEY" in text


def test_module_and_script_run_the_same_command(service: Running, folder: Path) -> None:
    script = Path(sys.executable).parent / "pleura-client"
    for start in ([sys.executable, "-m", "pleura_client"], [str(script)]):
        done = subprocess.run(
            [*start, service.url, str(folder / "radiograph.png"), "--out", "-"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert np.array_equal(decode(done.stdout), truth())
