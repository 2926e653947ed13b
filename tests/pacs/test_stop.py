import os
import signal
from threading import Thread

from pacs.stop import Stop


def test_wait_ends_after_its_time() -> None:
    assert Stop().wait(0) is False


def test_signal_ends_a_wait() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = Stop()
    try:
        stop.on_signals()
        sender = Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM))
        sender.start()
        assert stop.wait(60) is True
        sender.join()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert stop.wait(60) is True
