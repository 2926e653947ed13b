"""Colours of lungs and masks in pictures, RGB.

They are distinguishable in every kind of colour blindness (Okabe and Ito, Color Universal Design, 2008).
"""

from ..lungs import LEFT, RIGHT

ORANGE, SKY_BLUE = (230, 159, 0), (86, 180, 233)
YELLOW, REDDISH_PURPLE = (240, 228, 66), (204, 121, 167)

LUNG_COLOURS = {RIGHT: ORANGE, LEFT: SKY_BLUE}
"""The outline of each lung."""

MASK_COLOUR = REDDISH_PURPLE
"""The network's mask, where it is compared with a ground truth, and what is in this mask alone."""

TRUTH_COLOUR = YELLOW
"""The ground truth, and what is in the ground truth alone."""
