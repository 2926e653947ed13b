"""The signal stack of a thread: OpenVINO's cores install and remove it."""

import ctypes
import os

_DISABLED = 2
_C = ctypes.CDLL(None, use_errno=True)


class _Stack(ctypes.Structure):
    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def is_freed() -> bool:
    """Return whether this thread's signal stack is freed memory: then the next signal kills the process."""
    stack = _Stack()
    if _C.sigaltstack(None, ctypes.byref(stack)) or stack.flags & _DISABLED or not stack.pointer:
        return False
    page = os.sysconf("SC_PAGE_SIZE")
    start = stack.pointer - stack.pointer % page
    size = stack.pointer + stack.size - start
    present = ctypes.create_string_buffer(size // page + 1)
    return bool(_C.mincore(ctypes.c_void_p(start), ctypes.c_size_t(size), present))
