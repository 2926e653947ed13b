"""The page in the reader's language: the browser's or the one that was chosen, and no text without both."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from app.routes.page import WEB
from model.quality.doubt import least_sure_place
from model.quality.mask_features import measure_mask
from model.quality.predicted_iou import iou_warnings
from model.quality.result import Quality, Warning
from model.quality.rules import shape_warnings
from model.sides import Doubt
from tests.app.conftest import Service
from tests.app.fakes import encode, truth
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_accessibility import check_widths, findings

pytestmark = pytest.mark.slow

SAME = {"Pleura", "English", "Deutsch", "DICOM SEG", "DICOM GSPS", "Esc", "Enter"}
"""Names, which are the same in any language."""


class Texts(HTMLParser):
    """The texts of the page and its elements' labels, without letters of keys, code and ``noscript``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.open: list[str] = []
        self.feed((WEB / "index.html").read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "path"):
            self.open.append(tag)
        self.found |= {value for name, value in attrs if name == "aria-label" and value}

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if re.search("[A-Za-z]", text) and not {"code", "noscript"} & set(self.open):
            letter = "kbd" in self.open and len(text) == 1
            self.found |= set() if letter else {text}


def table(page: Page, name: str) -> dict[str, Any]:
    """A table of the page's texts."""
    found: dict[str, Any] = page.evaluate(
        "async (name) => (await import(new URL('web/strings.js', document.baseURI)))[name]", name
    )
    return found


def test_every_text_is_there_in_both_languages(page: Page) -> None:
    scripts = "".join(path.read_text("utf-8") for path in WEB.glob("*.js"))
    texts = Texts().found | set(re.findall(r'\b(?:t|mark)\("((?:[^"\\]|\\.)+)"', scripts))
    ratio = re.findall(r'(?:reason=|remarks\.append\()"([^"]+)"', Path("model/heart.py").read_text("utf-8"))
    assert len(ratio) == 7
    assert (texts | set(ratio)) - SAME == set(table(page, "GERMAN"))


def test_both_languages_have_the_same_values_to_fill_in(page: Page) -> None:
    for english, other in table(page, "GERMAN").items():
        assert other
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", other)), english


def test_every_warning_has_a_german_sentence(page: Page) -> None:
    sources = "".join(path.read_text("utf-8") for path in Path("model/quality").glob("*.py"))
    given = set(re.findall(r'\bWarning\(\s*"(\w+)"', sources)) | set(get_args(Doubt))
    rows = Path("docs/reference/http.md").read_text("utf-8").split("| warning |")[1].split("\n\n")[0]
    cells = " ".join(re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE))
    listed = set(re.findall(r"`(\w+)`", cells))
    assert len(given) > 15
    assert given == listed == set(table(page, "GERMAN_WARNINGS"))


@pytest.fixture
def german_screen(make_screen: MakeScreen, shared_client: Service) -> Screen:
    return make_screen(shared_client, locale="de-AT")


def test_the_browsers_language_is_spoken(german_screen: Screen) -> None:
    page = german_screen.page
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Dateien wählen")).to_be_visible()
    german_screen.choose(("bild.png", two_lungs()))
    german_screen.shows("untrusted")
    expect(page.locator("#verdict-word")).to_have_text("Umrisse prüfen")
    expect(page.locator("#lungs .total .px")).to_have_text("1.280")
    expect(page.locator("#legend-outlines")).to_have_text("Rechte Lunge Linke Lunge", use_inner_text=True)
    expect(page.get_by_role("button", name="bild.png schließen")).to_be_visible()
    page.locator("#marked .view").press("h")
    expect(page.locator("#stage-marks")).to_have_text("Gespiegelt")


TRANSLATE = """async (warnings) => {
    const { warningText } = await import(new URL("web/sentences.js", document.baseURI));
    return warnings.map(warningText);
}"""


def in_german(screen: Screen, *warnings: Warning) -> list[str]:
    found: list[str] = screen.page.evaluate(
        TRANSLATE, [{"code": one.code, "message": one.message} for one in warnings]
    )
    return found


def test_a_german_warning_keeps_number_and_edges(german_screen: Screen) -> None:
    small = truth((0, 12, 3, 4)) | truth((40, 12, 16, 4))
    one, area, edge = in_german(german_screen, *shape_warnings(measure_mask(lungs(small))))
    assert one == "Eine Lunge hat nur 19 % der Größe der anderen: Vielleicht fehlt ein Teil."
    assert area == "Die Lungen bedecken 2 % des Bildes: Das ist nicht plausibel."
    assert edge.startswith("Die Lungen reichen links bis an den Bildrand:")
    corner = truth((0, 0, 24, 40)) | truth((40, 0, 24, 40))
    (edges,) = in_german(german_screen, *shape_warnings(measure_mask(lungs(corner))))
    assert edges.startswith("Die Lungen reichen oben und links und rechts bis an den Bildrand:")
    (doubt,) = in_german(german_screen, *iou_warnings(0.6, least=0.9))
    assert doubt == "Der erwartete IoU der Maske ist nur 0,60. Prüfen Sie die Maske vor Gebrauch."


def lungs(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The mask's left half as the right lung, its right half as the left one."""
    labels = mask.astype(np.uint8)
    labels[:, labels.shape[1] // 2 :] *= 2
    return labels


def test_every_place_of_doubt_is_named_in_german(german_screen: Screen) -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[20:100, 20:50], labels[20:100, 78:108] = 1, 2
    places = {place_of_doubt(labels, (x, y)) for x in (35, 93) for y in (30, 60, 90, 112)}
    assert len(places) == 8
    (warning,) = iou_warnings(0.6, least=0.9)
    named = [
        Warning(warning.code, f"{warning.message} The network is least sure {place}.") for place in places
    ]
    sentences = in_german(german_screen, *named)
    assert len(set(sentences)) == 8
    assert all("Am unsichersten ist das Netz " in sentence for sentence in sentences)
    assert not re.search(r"\b(the|of|in the|lung)\b", " ".join(sentences))


def place_of_doubt(labels: NDArray[np.uint8], point: tuple[int, int]) -> str | None:
    probabilities = (labels > 0).astype(np.float32)
    cv2.circle(probabilities, point, 6, 0.5, -1)
    return least_sure_place(probabilities, labels)


def test_an_unknown_warning_keeps_its_english_message(
    german_screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings = (Warning("no_lung", "No lung was found: look."), Warning("of_tomorrow", "Something else."))
    monkeypatch.setattr(
        "model.segmenter.assess",
        lambda *_, **__: Quality(predicted_iou=0.9, trusted=False, warnings=warnings),
    )
    page = german_screen.page
    german_screen.choose(("bild.png", two_lungs()))
    german_screen.shows("untrusted")
    expect(page.locator("#warnings li")).to_have_text(
        ["Keine Lunge gefunden: Prüfen Sie, ob das Bild ein Thoraxröntgenbild ist.", "Something else."]
    )
    expect(page.locator("#stage-verdict")).to_have_text("Prüfen: Keine Lunge gefunden")
    page.get_by_label("Sprache").select_option("English")
    expect(page.locator("#warnings li")).to_have_text(["No lung was found: look.", "Something else."])


def test_another_language_is_chosen_and_remembered(german_screen: Screen) -> None:
    page = german_screen.page
    german_screen.choose(("bild.png", two_lungs()))
    german_screen.shows("untrusted")
    page.get_by_label("Sprache").select_option("English")
    expect(page.locator("#verdict-word")).to_have_text("Check the outlines")
    expect(page.locator("#lungs .total .px")).to_have_text("1,280")
    expect(page.get_by_role("button", name="Correct", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Mask, PNG")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_label("Language")).to_be_visible()


def test_a_language_that_is_not_there_is_english(make_screen: MakeScreen, shared_client: Service) -> None:
    screen = make_screen(shared_client, locale="fi-FI")
    expect(screen.page.get_by_role("button", name="Choose files")).to_be_visible()


ROWS = """(element) => {
    const rows = [];
    for (const child of [...element.children].filter((one) => one.checkVisibility())) {
        const { top, bottom } = child.getBoundingClientRect();
        if (!rows.some((row) => row.top < bottom && top < row.bottom)) rows.push({ top, bottom });
    }
    return rows.length;
}"""


def rows(page: Page, selector: str) -> int:
    """In how many rows an element's children lie."""
    found: int = page.locator(selector).evaluate(ROWS)
    return found


CUT_OFF = """(select) => {
    const style = getComputedStyle(select);
    const context = document.createElement("canvas").getContext("2d");
    context.font = style.font;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const texts = [...select.options].map((option) => option.text);
    return texts.filter((text) => context.measureText(text).width > room);
}"""


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_the_tools_leave_the_radiograph_its_room_in_any_language(
    make_screen: MakeScreen, shared_client: Service, locale: str
) -> None:
    screen = make_screen(shared_client, locale=locale, viewport={"width": 1440, "height": 900})
    page = screen.page
    screen.choose(("one.png", two_lungs()), ("two.png", two_lungs()), ("notes.png", b"text"))
    expect(page.locator("#tally")).to_contain_text("3 ")
    page.locator(".strip-item .open").nth(1).click()
    screen.shows("untrusted")
    assert rows(page, "#tools") == 1
    assert rows(page, "footer") == 1
    for button in ("#adjust", "#correct"):
        page.locator(button).click()
        assert rows(page, f"{button}-tools") <= 2
    screen.choose_truth("truth.png", encode(truth((12, 12, 16, 40))))
    expect(page.locator("#layers")).to_be_visible()
    assert rows(page, "#tools") == 1
    page.locator("#swap").click()
    screen.shows("corrected")
    assert rows(page, "#tools") == 1
    assert rows(page, "#worklist") <= 2
    for select in page.locator("select:visible").all():
        assert select.evaluate(CUT_OFF) == []
    for download in page.locator("#downloads button:visible").all():
        box = download.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("width", [320, 390, 820, 999])
def test_the_footer_has_two_rows_on_a_narrow_screen(
    make_screen: MakeScreen, shared_client: Service, width: int, locale: str
) -> None:
    screen = make_screen(shared_client, locale=locale, viewport={"width": width, "height": 844})
    screen.choose(("one.png", two_lungs()))
    screen.shows("untrusted")
    notice, kept, forget, language = (
        screen.page.locator(f"footer {part}").evaluate(
            "(element) => element.getBoundingClientRect().toJSON()"
        )
        for part in ("p:first-child", "#kept-said", "#forget", "#language")
    )
    assert forget["right"] == pytest.approx(width - 15, abs=3)
    assert forget["height"] < 50
    assert notice["top"] < language["bottom"] <= forget["top"] + 1
    assert notice["left"] == kept["left"]
    assert notice["right"] <= language["left"]
    assert kept["right"] <= forget["left"]
    assert kept["top"] < forget["bottom"]
    expect(screen.page.get_by_label("Sprache" if locale == "de-DE" else "Language")).to_be_visible()
    footer = screen.page.locator("footer").bounding_box()
    assert footer is not None
    assert footer["height"] <= {320: 150, 390: 125}.get(width, 105)


def test_longer_words_have_room(german_screen: Screen) -> None:
    page = german_screen.page
    german_screen.choose(("bild.png", two_lungs()), ("notiz.png", b"text"))
    expect(page.locator(".strip-state")).to_have_text(["Prüfen", "Fehler"])
    for state in page.locator(".strip-state").all():
        assert state.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    for button in ("#adjust", "#correct"):
        page.locator(button).click()
        check_widths(page)
    assert findings(page) == []
