"""Retries against a real service and a real socket."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
from pleura_client import Pleura, ServiceUnavailable, ServiceUnreachable, UnexpectedAnswer

from tests.app.fakes import picture, truth
from tests.app.waiting import wait_until
from tests.client.serving import running


def depth(url: str) -> float:
    """Images that wait for the network."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    (line,) = (line for line in lines if line.startswith("pleura_queue_depth "))
    return float(line.split()[1])


def test_full_queue_is_retried() -> None:
    with running(queue_size=1) as service, ThreadPoolExecutor() as threads:
        engine, slept = service.engine, []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            engine.release()
            wait_until(lambda: depth(service.url) == 0)

        with Pleura(service.url, sleep=sleep) as pleura, Pleura(service.url, retries=0) as hasty:
            engine.hold()
            in_the_network = threads.submit(pleura.segment, picture())
            wait_until(engine.entered.is_set)
            in_the_queue = threads.submit(pleura.segment, picture())
            wait_until(lambda: depth(service.url) == 1)
            with pytest.raises(ServiceUnavailable, match="queue are taken") as caught:
                hasty.segment(picture())
            assert caught.value.status == 429
            assert caught.value.retry_after is not None
            assert caught.value.retry_after >= 1
            assert slept == []
            found = [pleura.segment(picture()), in_the_network.result(), in_the_queue.result()]
        assert len(slept) == 1
        assert slept[0] >= 1
        assert all(np.array_equal(one.mask, truth()) for one in found)


def test_passed_deadline_is_an_error() -> None:
    with running(deadline_s=0.2) as service, ThreadPoolExecutor() as threads:
        service.engine.hold()
        with Pleura(service.url) as pleura:
            in_the_network = threads.submit(pleura.segment, picture())
            wait_until(service.engine.entered.is_set)
            with pytest.raises(ServiceUnavailable) as caught:
                pleura.segment(picture())
            assert caught.value.status == 504
            service.engine.release()
            assert np.array_equal(in_the_network.result().mask, truth())


Peer = Callable[[socket.socket], None]

READY = json.dumps({"status": "ready"}).encode()


def answers(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(READY), READY))


def hangs_up(peer: socket.socket) -> None:
    peer.recv(65536)


def hangs_up_at_once(peer: socket.socket) -> None:
    # Zero seconds to linger: the peer is told by a reset.
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def breaks_off(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")


@contextmanager
def listening(*peers: Peer) -> Iterator[str]:
    """Something that treats each connection in another way."""

    def accept(listener: socket.socket) -> None:
        for treat in peers:
            connection, _ = listener.accept()
            with connection:
                treat(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
        listener.settimeout(30)
        done = threads.submit(accept, listener)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        done.result()


@pytest.mark.parametrize("peer", [hangs_up, hangs_up_at_once, breaks_off])
def test_broken_connection_is_retried(peer: Peer) -> None:
    slept: list[float] = []
    with (
        listening(peer, peer, answers) as url,
        Pleura(url, sleep=slept.append) as pleura,
        # Any call that is repeated will do; what is answered at last is no model.
        pytest.raises(UnexpectedAnswer),
    ):
        pleura.model()
    assert len(slept) == 2


def test_timeout_is_an_error() -> None:
    slept: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = Pleura(url, timeout=0.05, sleep=slept.append)
        with client, pytest.raises(ServiceUnreachable, match="timed out"):
            client.model()
    assert slept == []
