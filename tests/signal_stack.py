"""The signal stack of a thread: OpenVINO's cores install and remove it."""

import ctypes
import os

_DISABLED = 2
_C = ctypes.CDLL(None)


class Stack(ctypes.Structure):
    """``stack_t`` of ``signal.h``."""

    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def install(stack: Stack) -> None:
    """Let this thread's signals use a stack."""
    assert _C.sigaltstack(ctypes.byref(stack), None) == 0


def disable() -> None:
    """Let this thread's signals use the thread's own stack."""
    install(Stack(None, _DISABLED, 0))


def is_gone() -> bool:
    """Return whether this thread's signal stack is not mapped any more: the next signal kills the process."""
    stack = Stack()
    if _C.sigaltstack(None, ctypes.byref(stack)) or stack.flags & _DISABLED or not stack.pointer:
        return False
    page = os.sysconf("SC_PAGE_SIZE")
    start = stack.pointer - stack.pointer % page
    size = stack.pointer + stack.size - start
    present = ctypes.create_string_buffer(size // page + 1)
    return bool(_C.mincore(ctypes.c_void_p(start), ctypes.c_size_t(size), present))
