"""Plain margins around a radiograph: mounts, film borders, letterbox bars, the page or the screen that it was taken from.

The network learnt from pictures that fill their frame: within a wide margin it finds small lungs badly,
    or none.
"""

from .cutting import crop, picture_box, picture_pixels, put_back, without_margins
from .picture import find_picture

__all__ = ["crop", "find_picture", "picture_box", "picture_pixels", "put_back", "without_margins"]
