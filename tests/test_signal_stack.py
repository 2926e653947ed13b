"""The check after every test sees a signal stack that is gone."""

import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap

import pytest

from tests import signal_stack
from tests.signal_stack import Stack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

SIZE = 1 << 16


def seen() -> tuple[bool, bool, bool]:
    """Return what the check says of a stack that is there, that is gone and that is disabled."""
    memory = mmap(-1, SIZE)
    view = (ctypes.c_char * SIZE).from_buffer(memory)
    try:
        signal_stack.install(Stack(ctypes.addressof(view), 0, SIZE))
        there = signal_stack.is_gone()
        del view
        memory.close()
        gone = signal_stack.is_gone()
    finally:
        signal_stack.disable()
    return there, gone, signal_stack.is_gone()


def test_a_stack_that_is_gone_is_seen() -> None:
    with ThreadPoolExecutor(1) as other_thread:
        assert other_thread.submit(seen).result() == (False, True, False)
