import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
import typer
from typer.testing import CliRunner

from app import command
from app.settings import Settings
from tests.app.conftest import MakeClient
from tests.app.fakes import FakeEngine

ROOT = Path(__file__).parents[2]

application = typer.Typer(rich_markup_mode="rich")
application.command()(command.serve)
application.command()(command.health)


def test_every_setting_but_the_secrets_is_a_flag() -> None:
    shown = CliRunner().invoke(application, ["serve", "--help"], env={"COLUMNS": "80", "TERM": "dumb"}).output
    for name in Settings.model_fields:
        assert (f"--{name.replace('_', '-')} " in shown) == (name not in ("api_key", "audit_key")), name
    assert max(map(len, shown.splitlines())) <= 80


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "from tests.app.test_command import application; application()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_missing_checkpoint_is_reported(tmp_path: Path) -> None:
    ended = run("serve", "--port", "0", "--checkpoint", str(tmp_path / "missing.safetensors"))
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert "missing.safetensors" in last
    assert last.endswith(".")
    assert "Traceback" not in ended.stderr
    assert str(tmp_path) not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ((), {"PLEURA_QUEUE_SIZE": "none"}, "PLEURA_QUEUE_SIZE is wrong"),
        (("--queue-size", "0"), {}, "PLEURA_QUEUE_SIZE is wrong"),
        ((), {"PLEURA_API_KEY_FILE": "/nowhere"}, "PLEURA_API_KEY_FILE cannot be read"),
    ],
)
def test_invalid_settings_are_reported(
    arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    ended = run("serve", *arguments, **environment)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert told in line


def test_address_in_use_is_reported(make_client: MakeClient) -> None:
    ended = run("serve", "--port", str(make_client().port))
    assert ended.returncode == 1
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_health_of_a_ready_service_is_0(make_client: MakeClient) -> None:
    client = make_client()
    url = str(client.base_url)
    assert CliRunner().invoke(application, ["health", "--url", url]).exit_code == 0
    assert CliRunner().invoke(application, ["health"], env={"PLEURA_PORT": str(client.port)}).exit_code == 0


def test_health_reports_an_unready_service(make_client: MakeClient) -> None:
    engine = FakeEngine()
    engine.hold()
    client = make_client(engine, ready=False)
    asked = CliRunner().invoke(application, ["health", "--url", str(client.base_url)])
    assert asked.exit_code == 1
    assert "loading" in asked.output


def unhealthy(*arguments: str, **environment: str) -> str:
    """The one sentence that ``pleura health`` says."""
    asked = CliRunner().invoke(application, ["health", *arguments], env=environment)
    assert asked.exit_code == 1
    assert asked.exception is None or isinstance(asked.exception, SystemExit)
    (line,) = asked.output.splitlines()
    assert line.startswith("pleura: ")
    assert line.endswith(".")
    return line


def test_health_reports_a_refused_connection() -> None:
    assert "Nothing answers at http://127.0.0.1:9:" in unhealthy("--url", "http://127.0.0.1:9")
    assert "Nothing answers at http://127.0.0.1:9:" in unhealthy(PLEURA_PORT="9")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "localhost",
        "ftp://127.0.0.1",
        "http://",
        "http://:8000",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "file:///etc/hostname",
        "http:/127.0.0.1",
        "\x00",
    ],
)
def test_health_rejects_an_invalid_address(url: str) -> None:
    said = unhealthy("--url", url) if url else unhealthy("--url", " ")
    assert "is not an address" in said


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "is not Pleura"),
        (b"garbage\r\n\r\n", "is not Pleura"),
        (b"\x15\x03\x01\x00\x02\x02", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\xff\xfe", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"[" * 50_000, "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 3_000_000, "is not Pleura"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "is not Pleura"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "is not Pleura"),
        (b'HTTP/1.1 503 X\r\nContent-Length: 20\r\n\r\n{"error": "No room."}', "is not Pleura"),
    ],
)
def test_health_reports_another_server(answer: bytes, told: str) -> None:
    with answering(answer) as port:
        assert told in unhealthy("--url", f"http://127.0.0.1:{port}")


def test_health_times_out_on_a_silent_server() -> None:
    with answering(None) as port:
        said = unhealthy("--url", f"http://127.0.0.1:{port}", "--timeout", "0.2")
    assert "did not answer within 0.2 s" in said


def test_health_times_out_on_an_endless_answer() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", drip=b" ") as port:
        said = unhealthy("--url", f"http://127.0.0.1:{port}", "--timeout", "0.5")
    assert "did not answer within 0.5 s" in said


def test_health_over_tls_reports_a_server_without_tls(make_client: MakeClient) -> None:
    assert "does not speak TLS" in unhealthy("--url", f"https://127.0.0.1:{make_client().port}")


@pytest.mark.parametrize("host", ["x" * 300, "a..b", "pleura.invalid"])
def test_health_reports_an_unknown_host(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if host == "pleura.invalid":
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "is not known" in unhealthy("--url", f"http://{host}:8000")


def test_health_reports_invalid_settings() -> None:
    assert "PLEURA_PORT is wrong: input should be" in unhealthy(PLEURA_PORT="eighty")
    assert "PLEURA_MAX_PIXELS is wrong" in unhealthy(PLEURA_MAX_PIXELS="-1")


def test_health_hides_the_password() -> None:
    said = unhealthy("--url", "http://user:hidden@127.0.0.1:9/pleura")
    assert "hidden" not in said
    assert "http://127.0.0.1:9/pleura" in said


@contextmanager
def answering(answer: bytes | None, *, drip: bytes = b"") -> Iterator[int]:
    """A server that sends one fixed answer, or none, and then ``drip`` for ever. Yields its port."""
    over = Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            if answer is not None:
                connection.recv(65536)
                connection.sendall(answer)
            while (answer is None or drip) and not over.wait(0.01):
                connection.sendall(drip)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()
