"""Distances come from a process of its own, which may die."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from app.surfaces import Surfaces
from model.errors import EngineError, SizeMismatch
from model.metrics.surface import surface
from tests.app.conftest import MakeClient
from tests.app.fakes import encode, picture, truth
from tests.app.waiting import wait_until

ONE, OTHER = truth((8, 12, 16, 40)), truth((12, 12, 16, 39))


@pytest.fixture(scope="module")
def surfaces() -> Iterator[Surfaces]:
    made = Surfaces()
    yield made
    made.close()


def test_the_same_as_here(surfaces: Surfaces) -> None:
    asyncio.run(surfaces.warm())
    for spacing in (None, (0.5, 0.5), (0.3, 0.7)):
        assert surfaces(ONE, OTHER, spacing_mm=spacing) == surface(ONE, OTHER, spacing_mm=spacing)


def test_a_process_that_dies_is_told_of_and_the_next_one_serves(surfaces: Surfaces) -> None:
    asyncio.run(surfaces.warm())
    process = surfaces._process
    assert process is not None
    process.kill()
    wait_until(lambda: process.poll() is not None)
    assert surfaces(ONE, OTHER, spacing_mm=None) == surface(ONE, OTHER)


def test_what_hangs_is_killed(surfaces: Surfaces, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(surfaces.warm())
    monkeypatch.setattr("app.surfaces.PATIENCE_S", 0.0)
    with pytest.raises(EngineError, match="try again"):
        surfaces(ONE, OTHER, spacing_mm=None)


def test_no_process_where_there_is_nothing_to_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.surfaces.sys.executable", "/nowhere/python")
    nobody = Surfaces()
    assert nobody(ONE, np.zeros_like(ONE), spacing_mm=None).hd95_px is None
    with pytest.raises(SizeMismatch):
        nobody(ONE, ONE[:-1], spacing_mm=None)
    with pytest.raises(EngineError, match="/segment"):
        asyncio.run(nobody.warm())
    nobody.close()
    with pytest.raises(EngineError, match="stopping"):
        asyncio.run(nobody.warm())


def test_a_service_without_it_says_so(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client()
    monkeypatch.setattr("app.surfaces.sys.executable", "/nowhere/python")
    files = {"image": ("image", encode(picture())), "mask": ("mask", encode(truth()))}
    answer = client.post("/evaluate", files=files)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert client.get("/readyz").status_code == 200
    assert client.post("/segment", content=encode(picture())).status_code == 200
    # What cannot be evaluated is refused before the process is started.
    for damaged in (files | {"image": ("image", b"rubbish")}, files | {"mask": ("mask", b"rubbish")}):
        assert client.post("/evaluate", files=damaged).status_code == 415
    smaller = files | {"mask": ("mask", encode(truth((4, 6, 8, 20), side=32)))}
    assert client.post("/evaluate", files=smaller).status_code == 422


def test_neither_torch_nor_monai_in_the_service() -> None:
    program = "import sys, app.main; sys.exit(bool({'torch', 'monai'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
