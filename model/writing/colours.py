"""Colours of lungs, heart and masks in pictures, RGB.

They are distinguishable in every kind of colour blindness (Okabe and Ito, Color Universal Design, 2008).
"""

from ..heart import HEART
from ..lungs import LEFT, RIGHT

ORANGE, SKY_BLUE = (230, 159, 0), (86, 180, 233)
BLUISH_GREEN, YELLOW, REDDISH_PURPLE = (0, 158, 115), (240, 228, 66), (204, 121, 167)

STRUCTURE_COLOURS = {RIGHT: ORANGE, LEFT: SKY_BLUE, HEART: BLUISH_GREEN}
"""The outlines of the lungs and the heart."""

MASK_COLOUR = REDDISH_PURPLE
"""The network's mask, where it is compared with a ground truth, and what is in this mask alone."""

TRUTH_COLOUR = YELLOW
"""The ground truth, and what is in the ground truth alone."""
