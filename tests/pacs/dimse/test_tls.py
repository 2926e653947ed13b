"""TLS with certificates on both sides, made by openssl."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs.dimse.settings import ListenSettings
from pacs.errors import PacsError
from tests.app.waiting import wait_until
from tests.pacs.dimse.conftest import Door, StoreScp, program, saved, store
from tests.pacs.radiographs import radiograph

pytestmark = pytest.mark.slow


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [
        *(program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(key), "-out", str(certificate)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def test_films_and_results_travel_by_tls(
    tls: tuple[Path, Path], open_door: Callable[..., Door], tmp_path: Path
) -> None:
    certificate, key = tls
    settings = ListenSettings(tls_certificate=certificate, tls_key=key, tls_ca=certificate)
    options = ("+tls", str(key), str(certificate), "+cf", str(certificate))
    archive = StoreScp(tmp_path / "archive", *options)
    try:
        door = open_door(archive.peer, tls=settings.contexts())
        film = saved(radiograph(), tmp_path / "films")
        assert store(door.port, film).returncode != 0
        assert store(door.port, film, options=options).returncode == 0
        wait_until(lambda: len(archive.results()) == 4, within_s=60)
    finally:
        archive.kill()


def test_a_peer_that_never_finishes_the_handshake_blocks_nobody(
    tls: tuple[Path, Path], open_door: Callable[..., Door]
) -> None:
    import socket

    certificate, key = tls
    settings = ListenSettings(tls_certificate=certificate, tls_key=key, tls_ca=certificate)
    from pacs.address import Address, Peer

    door = open_door(Peer("X", Address("127.0.0.1", 9)), works=False, tls=settings.contexts())
    with socket.create_connection(("127.0.0.1", door.port), 20):
        options = ("+tls", str(key), str(certificate), "+cf", str(certificate))
        command = [program("echoscu"), "-aec", "PLEURA", *options, "127.0.0.1", str(door.port)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)


def test_files_that_do_not_belong_together_are_rejected(tls: tuple[Path, Path]) -> None:
    certificate, _ = tls
    with pytest.raises(PacsError, match="PLEURA_DIMSE_TLS_KEY"):
        ListenSettings(tls_certificate=certificate).contexts()
    with pytest.raises(PacsError, match="cannot be used"):
        ListenSettings(tls_certificate=certificate, tls_key=certificate, tls_ca=certificate).contexts()
