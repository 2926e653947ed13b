"""The colours of pictures, and of the page that shows them."""

import re
from pathlib import Path

from model.heart import HEART
from model.lungs import LEFT, RIGHT
from model.writing.colours import MASK_COLOUR, STRUCTURE_COLOURS, TRUTH_COLOUR

STYLES = Path(__file__).parents[3] / "app" / "web" / "base.css"


def test_page_has_the_colours_of_the_pictures() -> None:
    found = dict(
        re.findall(r"--(right|left|heart|extra|missed): #([0-9a-f]{6});", STYLES.read_text(encoding="utf-8"))
    )
    assert found == {
        "right": bytes(STRUCTURE_COLOURS[RIGHT]).hex(),
        "left": bytes(STRUCTURE_COLOURS[LEFT]).hex(),
        "heart": bytes(STRUCTURE_COLOURS[HEART]).hex(),
        "extra": bytes(MASK_COLOUR).hex(),
        "missed": bytes(TRUTH_COLOUR).hex(),
    }
