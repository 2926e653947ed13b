"""Errors and notes on a ground truth in the page's language, by the codes of the service."""

import json
import re
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Route, expect

from app.problems import _SENTENCES, TABLE, ProblemType
from app.routes.page import WEB
from model.ground_truth import Note
from model.radiograph import Radiograph
from model.reading import read_ground_truth
from tests.app.conftest import Service
from tests.app.fakes import encode, png_header, truth
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_accessibility import check_widths, findings
from tests.app.web.test_language import table
from tests.model.reading.dicom.segs import HEART, LUNG, seg, segment
from tests.model.reading.masks.drawn import grey, halves, labels, lungs

pytestmark = pytest.mark.slow

PHRASES = [
    ProblemType(status, HTTPStatus(status).phrase.lower().replace(" ", "-"), HTTPStatus(status).phrase)
    for status in _SENTENCES
]
KINDS = {kind.slug: kind for kind in [*TABLE.values(), *PHRASES]}
ENGLISH = re.compile(r"\b(the|is|of|and|or|not|mask|image|send|save)\b", re.IGNORECASE)


@pytest.fixture
def screen(make_screen: MakeScreen, shared_client: Service) -> Screen:
    return make_screen(shared_client, locale="de-DE")


def test_every_error_has_a_german_title_and_sentence(screen: Screen) -> None:
    found = table(screen.page, "GERMAN_PROBLEMS")
    assert len(KINDS) > 35
    assert set(found) == set(KINDS)
    for title, sentence in found.values():
        assert title[-1].isalpha()
        assert sentence.endswith(".")
        assert not ENGLISH.search(f"{title} {sentence}")


WORDS = """async (problems) => {
    const { lineOf } = await import(new URL("web/problems.js", document.baseURI));
    return problems.map(lineOf);
}"""


def test_every_error_is_said_in_the_pages_language(screen: Screen) -> None:
    sent = [
        {"type": f"urn:pleura:problem:{kind.slug}", "title": kind.title, "detail": "So."}
        for kind in KINDS.values()
    ]
    german: list[str] = screen.page.evaluate(WORDS, sent)
    assert [one for one in german if ENGLISH.search(one)] == []
    screen.page.get_by_label("Sprache").select_option("English")
    assert screen.page.evaluate(WORDS, sent) == [f"{kind.title}. So." for kind in KINDS.values()]


@pytest.mark.parametrize(
    ("name", "data", "title", "message"),
    [
        ("notiz.png", b"This is a text file.", "Diese Art von Bild wird nicht gelesen", "send PNG, JPEG"),
        ("halb.png", two_lungs()[:100], "Das Bild ist nicht lesbar", "send the whole file"),
        ("gross.png", png_header(60000, 60000), "Das Bild hat zu viele Pixel", "60000 by 60000 pixels"),
    ],
)
def test_a_file_that_cannot_be_used(screen: Screen, name: str, data: bytes, title: str, message: str) -> None:
    page = screen.page
    screen.choose((name, data))
    screen.shows("failed")
    expect(page.locator("#failure-title")).to_have_text(title)
    expect(page.locator("#failure-detail .original")).to_contain_text("Der Dienst meldet:")
    # The service's own sentence knows more of the case; it is marked as English for those who listen.
    expect(page.locator("#failure-detail q[lang=en]")).to_contain_text(message)
    expect(page.get_by_role("status")).to_contain_text(title)
    assert findings(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    check_widths(page)
    page.get_by_label("Sprache").select_option("English")
    expect(page.locator("#failure-title")).not_to_have_text(title)
    expect(page.locator("#failure-detail")).to_contain_text(message)
    expect(page.locator("#failure-detail .original")).to_have_count(0)


@pytest.mark.parametrize("slug", ["queue-full", "deadline-passed", "body-too-large", "spool-full"])
def test_a_service_that_cannot_answer_now(screen: Screen, slug: str) -> None:
    kind = KINDS[slug]

    def answer(route: Route) -> None:
        headers = {"Content-Type": "application/problem+json", "Retry-After": "0"}
        body = {
            "type": f"urn:pleura:problem:{slug}",
            "title": kind.title,
            "status": kind.status,
            "detail": "Wait.",
        }
        route.fulfill(status=kind.status, headers=headers, body=json.dumps(body))

    screen.page.route("**/segment*", answer)
    screen.choose(("bild.png", two_lungs()))
    screen.shows("failed")
    title, sentence = table(screen.page, "GERMAN_PROBLEMS")[slug]
    expect(screen.page.locator("#failure-title")).to_have_text(title)
    expect(screen.page.locator("#failure-detail")).to_contain_text(sentence)
    screen.complaints.clear()


def test_what_the_page_says_itself_follows_the_language(screen: Screen) -> None:
    page = screen.page
    page.route("**/segment*", lambda route: route.fulfill(status=502, body="<html>proxy</html>"))
    screen.choose(("bild.png", two_lungs()))
    screen.shows("failed")
    expect(page.locator("#failure-title")).to_have_text("Der Dienst nannte keinen Grund")
    page.get_by_label("Sprache").select_option("English")
    expect(page.locator("#failure-title")).to_have_text("The service gave no reason")
    expect(page.locator("#failure-detail")).to_contain_text("status 502")
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    page.reload()
    expect(page.locator("#failure-detail")).to_contain_text("status 502")
    page.get_by_label("Language").select_option("Deutsch")
    expect(page.locator("#failure-detail")).to_contain_text("dem Status 502")
    screen.complaints.clear()


def test_a_ground_truth_of_another_size(screen: Screen) -> None:
    page = screen.page
    screen.choose(("bild.png", two_lungs()))
    screen.shows("untrusted")
    screen.choose_truth("halb.png", encode(truth((4, 6, 8, 20), side=32)))
    failure = page.locator("#truth-failure")
    expect(failure).to_contain_text("Bild und Maske sind verschieden groß")
    expect(failure).to_contain_text("The mask has 32×32 pixels, the image 64×64.")
    # That is for programs; the page has a button.
    expect(failure).not_to_contain_text("resize=true")
    page.get_by_role("button", name="Maske anpassen und vergleichen").click()
    expect(page.locator("#metrics")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (
            "rest.zip",
            b"PK\x03\x04" + bytes(40),
            "Das ZIP ist unvollständig: Kopieren oder erstellen Sie es neu.",
        ),
        ("rest.zip", b"PK\x03\x04PK\x05\x06" + b"\xff" * 18, "Das ZIP ist beschädigt: Erstellen Sie es neu."),
    ],
)
def test_a_zip_that_cannot_be_opened(screen: Screen, name: str, data: bytes, reason: str) -> None:
    screen.choose((name, data))
    expect(screen.page.locator("#notice")).to_have_text(f"{name} lässt sich nicht öffnen. {reason}")


def test_every_note_on_a_ground_truth_has_a_german_sentence(screen: Screen) -> None:
    sources = "".join(path.read_text("utf-8") for path in Path("model/reading").rglob("*.py"))
    given = set(re.findall(r'\bNote\(\s*"(\w+)"', sources))
    found = table(screen.page, "GERMAN_NOTES")
    assert len(given) > 12
    assert given == set(found)
    assert [one for several in found.values() for one in several if ENGLISH.search(one)] == []


NOTED = """async (notes) => {
    const { noteText } = await import(new URL("web/sentences.js", document.baseURI));
    return notes.map(noteText);
}"""


def in_german(page: Page, *masks: bytes) -> list[str]:
    """The notes on each mask."""
    notes: list[Note] = [note for mask in masks for note in read_ground_truth(mask).notes]
    found: list[str] = page.evaluate(NOTED, [asdict(note) for note in notes])
    return found


def squares(*values: int) -> NDArray[np.uint8]:
    """A square of each value on 0."""
    made = np.zeros((256, 256), np.uint8)
    for index, value in enumerate(values):
        row, column = divmod(index, 4)
        made[20 + 60 * row : 60 + 60 * row, 20 + 60 * column : 60 + 60 * column] = value
    return made


def test_a_german_note_keeps_values_and_colours(screen: Screen) -> None:
    colours = np.zeros((256, 256, 3), np.uint8)
    colours[squares(1, 0) == 1] = (255, 0, 0)
    colours[squares(0, 1) == 1] = (0, 255, 0)
    masks = [squares(1, 2, 3), squares(*range(10, 80, 10)), squares(1, 2, 255), colours]
    three, seven, ignored, colour = in_german(screen.page, *(encode(mask) for mask in masks))
    assert three.startswith("Die Maske hat mehrere Werte (1, 2 und 3), und alle zählen als Lunge.")
    assert "(10, 20, 30, 40, 50 und 2 weitere)" in seven
    assert ignored.startswith("Die Maske hat neben anderen Werten 255, was meist")
    assert colour.startswith("Die Maske hat neben Schwarz 2 Farben,")


def test_a_german_note_on_loss_has_the_limit_where_there_is_one(screen: Screen) -> None:
    blurred = np.asarray(cv2.GaussianBlur(grey(lungs()), (0, 0), 3), np.uint8)
    black = np.zeros((256, 256), np.uint8)
    smooth, jpeg, empty = in_german(
        screen.page, encode(blurred), encode(grey(lungs()), ".jpg"), encode(black, ".jpg")
    )
    assert re.search(r"ab 12\d als Lunge, auf halbem Weg zu 25\d\.", smooth)
    assert re.search(r"ab 12\d als Lunge, auf halbem Weg zu 25\d\. Speichern", jpeg)
    assert empty.startswith("Die Maske ist schwarz und verlustbehaftet")


def test_a_german_note_on_a_shape(screen: Screen) -> None:
    framed = np.pad(grey(~lungs()), 24)
    specks = squares(255, 255)
    specks[200:210:4, ::16] = 255
    whole, plate, parts = in_german(screen.page, encode(grey(~lungs())), encode(framed), encode(specks))
    assert re.match(r"Die Maske bedeckt \d+ % des Bildes und 100 % seines Randes:", whole)
    assert plate.startswith("Was in der Maske gesetzt ist, umgibt große Löcher")
    assert parts.startswith("48 der 50 Teile der Maske sind viel kleiner")


def test_a_german_note_on_segments_keeps_their_names(screen: Screen) -> None:
    right, left = halves()
    heart = labels(0, 0, 3) == 3
    few = seg([right | left, heart], [segment(1, "x", LUNG), segment(2, "Heart", HEART)])
    many = seg(
        [right | left, *[heart] * 9],
        [
            segment(1, "x", LUNG),
            *(segment(number, "" if number == 2 else "Rib", HEART) for number in range(2, 11)),
        ],
    )
    fractional = seg(
        [grey(right | left, 100) // 2 + grey(left, 50)],
        [segment(1, "Lung", LUNG)],
        bits=8,
        MaximumFractionalValue=100,
    )
    one, others, half = in_german(screen.page, few, many, fractional)
    assert one == "Nur Lunge zählt; ausgelassene Segmente: 2 (Heart)."
    assert others.endswith("9 (Rib) und 1 weitere.")
    assert half.endswith("Ein Pixel zählt ab der Hälfte von 100 als Lunge.")


def test_notes_on_a_ground_truth_follow_the_language(screen: Screen) -> None:
    page = screen.page
    screen.choose(("bild.png", two_lungs()))
    screen.shows("untrusted")
    mask = truth((12, 12, 16, 40)).astype(np.uint8) + 2 * truth((36, 12, 16, 40)).astype(np.uint8)
    screen.choose_truth("werte.png", encode(mask))
    note = page.locator("#truth-notes li[data-code=values_joined]")
    expect(note).to_contain_text("Die Maske hat mehrere Werte (1 und 2), und alle zählen als Lunge.")
    page.get_by_label("Sprache").select_option("English")
    expect(note).to_contain_text("The mask has several values (1 and 2); all of them count as lung.")


def test_every_step_of_reading_has_a_text() -> None:
    documented = (Radiograph.__doc__ or "").split("applied:")[1].split("picture:")[0]
    scripts = (WEB / "words.js").read_text("utf-8").split("const STEPS")[1].split("};")[0]
    steps = set(re.findall(r"^  (\w+): mark", scripts, re.MULTILINE))
    assert len(steps) > 10
    assert steps == set(re.findall(r'``"(\w+)"``', documented))
