"""Self-contained HTML pages from the templates in ``training/templates``."""

from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.writing.colours import MASK_COLOUR, TRUTH_COLOUR


class ShownCase(NamedTuple):
    """An image with its masks, as a page shows it.

    Attributes:
        name: Of the image.
        panels: A JPEG; see `training.evaluation.figures.case_overlays`.
        caption: Short phrases below it.
    """

    name: str
    panels: bytes
    caption: list[str]


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write the page that a template makes of values; text among them is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(css=_css, figure=_figure, jpeg=_jpeg)
    environment.globals.update(MASK_COLOUR=MASK_COLOUR, TRUTH_COLOUR=TRUTH_COLOUR)
    path.write_text(environment.get_template(template).render(values), encoding="utf-8")


def _css(colour: tuple[int, int, int]) -> str:
    return "#" + bytes(colour).hex()


def _figure(value: float | None, form: str = ".4f") -> str:
    return "–" if value is None else format(value, form)


def _jpeg(data: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
