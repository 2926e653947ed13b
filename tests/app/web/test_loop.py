"""Twenty masks are corrected on the page, collected and trained on, and the new weights serve."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from model.reading import read_ground_truth
from model.segmenter import Segmenter
from samples.phantom import phantom
from tests.app.conftest import MakeClient
from tests.app.fakes import encode
from tests.app.web.conftest import MakeScreen
from tests.app.web.test_correcting import drag, take
from tests.training.conftest import draw
from tests.training.processes import run_pleura
from training.data.folders import find_samples

pytestmark = pytest.mark.slow

COUNT = 20
KEY = {"Authorization": "Bearer one"}


def test_twenty_corrected_masks_train_and_serve(
    make_client: MakeClient, make_screen: MakeScreen, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    client = make_client(collection=kept, api_key="one")
    screen = make_screen(client)
    page = screen.page
    films = [phantom(width=64, height=64, seed=seed).pixels for seed in range(COUNT)]
    screen.choose(*[(f"{i}.png", encode(np.asarray(film, np.uint8))) for i, film in enumerate(films)])
    page.get_by_label("Key", exact=True).fill("one")
    page.keyboard.press("Enter")
    expect(page.locator("#tally")).to_contain_text(f"{COUNT} of {COUNT}")
    for _ in range(COUNT):
        take(page, "Cut")
        drag(screen, (0.1, 36), (63.9, 36), (63.9, 63.9), (0.1, 63.9))
        screen.shows("corrected")
        page.keyboard.press("PageDown")
    page.get_by_role("button", name=f"Add to collection ({COUNT})").click()
    expect(page.locator("#collect-said")).to_contain_text(f"{COUNT} saved")
    samples = list(find_samples([kept]))
    assert len(samples) == COUNT
    assert not any(read_ground_truth(sample.masks[0]).mask[37:63, 1:63].any() for sample in samples)

    validation = draw(tmp_path / "validation", range(100, 104))
    ended = run_pleura(
        tmp_path,
        *("train", "--data", kept, "--validation", validation, "--out", tmp_path / "run"),
        *("--recipe", "paper", "--size", "32", "--epochs", "1"),
    )
    assert ended.code == 0, ended.err

    client.server.lifecycle.load = lambda: Segmenter(tmp_path / "run" / "last.safetensors", device="cpu")
    assert client.post("/model/reload", headers=KEY).status_code == 200
    screen.choose(("new.png", encode(np.asarray(phantom(width=64, height=64, seed=99).pixels, np.uint8))))
    expect(page.locator("#image-name")).to_have_text("new.png")
    expect(page.locator("#fact-model")).to_have_text(client.get("/model", headers=KEY).json()["name"])
    expect(page.locator("#fact-model")).not_to_have_text("fake")
