"""Plain margins around a radiograph: mounts, film borders, letterbox bars, pages and screens.

The network was trained on radiographs that fill the image. Inside a wide margin the lungs are small, and
it segments them badly or not at all.
"""

from .cutting import crop, picture_box, picture_pixels, put_back, without_margins
from .picture import find_picture

__all__ = ["crop", "find_picture", "picture_box", "picture_pixels", "put_back", "without_margins"]
