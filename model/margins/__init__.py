"""Plain margins around a radiograph: mounts, film borders, letterbox bars, the page or the screen that it was taken from.

The network learnt from pictures that fill their frame: within a wide margin it finds small lungs badly, or none.
"""

from .picture import crop, find_picture

__all__ = ["crop", "find_picture"]
