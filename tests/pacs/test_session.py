"""The HTTP session, against a local server."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from requests import exceptions

from pacs import session
from pacs.errors import TooLong
from pacs.settings import PacsSettings


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        # Neither a length nor an end that was announced.
        self.wfile.write(self.headers.get("Authorization", "none").encode().ljust(1000))

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, "none"),
        ({"user": "pleura", "password": SecretStr("é")}, "Basic cGxldXJhOsOp"),
        ({"token": SecretStr("abc")}, "Bearer abc"),
    ],
)
def test_credentials(
    settings: dict[str, str | SecretStr],
    sent: str,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    if settings:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other")
    with session.make_session(PacsSettings(**settings)) as made:  # type: ignore[arg-type]
        assert made.get(url).text.strip() == sent


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirection_is_not_followed(method: str, url: str) -> None:
    with session.make_session(PacsSettings()) as made, pytest.raises(exceptions.TooManyRedirects):
        made.request(method, f"{url}/elsewhere")


def test_too_long_response_is_aborted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with session.make_session(PacsSettings()) as made:
        monkeypatch.setattr(session, "MAX_ANSWER", 1000)
        assert len(made.get(url).content) == 1000
        monkeypatch.setattr(session, "MAX_ANSWER", 999)
        with pytest.raises(TooLong):
            made.get(url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Certificate and key of 127.0.0.1, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PACS")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "pacs.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return file


def test_certificate_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}"
        try:
            with session.make_session(PacsSettings()) as made, pytest.raises(exceptions.SSLError):
                made.get(url)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            with session.make_session(PacsSettings()) as made:
                assert made.get(url).text.strip() == "none"
        finally:
            server.shutdown()
            thread.join()
