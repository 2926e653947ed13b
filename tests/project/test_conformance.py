"""The attribute tables of the conformance statement, against files that are made."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from model.writing.dicom.forms import Form
from pacs.dimse.sop_classes import COMMITMENT, RECEIVED, SENT, VERIFICATION
from tests.project.conformance import FORMS, attributes, samples

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "conformance.md").read_text("utf-8")
TITLES = {
    Form.SEG: "Segmentation",
    Form.SC: "Secondary Capture",
    Form.GSPS: "Grayscale Softcopy Presentation State",
    Form.SR: "Comprehensive SR",
}


class Row(NamedTuple):
    tag: str
    vr: str
    present: str
    source: str


@cache
def made(form: Form) -> list[dict[str, tuple[str, str, Any]]]:
    return [attributes(one) for one in samples(form)]


def table(title: str) -> dict[str, Row]:
    """Rows by the path of their attribute."""
    section = TEXT.split(f"### {title}\n", 1)[1].split("\n### ", 1)[0]
    rows: dict[str, Row] = {}
    path: list[str] = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 5 or not cells[1].startswith("("):
            continue
        depth = cells[0].count("&gt;")
        path = [*path[:depth], cells[0].replace("&gt;", "").strip()]
        assert " > ".join(path) not in rows
        rows[" > ".join(path)] = Row(*cells[1:])
    return rows


def documented(form: Form) -> dict[str, Row]:
    return table("Attributes of all objects") | table(TITLES[form])


@pytest.mark.parametrize("form", FORMS)
def test_attributes_of_files_are_in_the_tables(form: Form) -> None:
    assert {path for one in made(form) for path in one} == set(documented(form))


@pytest.mark.parametrize("form", FORMS)
def test_tags_representations_and_presence_are_as_documented(form: Form) -> None:
    for path, row in documented(form).items():
        found = [one[path] for one in made(form) if path in one]
        assert {(tag, vr) for tag, vr, _ in found} == {(row.tag, row.vr)}, path
        assert row.present == ("always" if len(found) == len(made(form)) else "if there"), path


@pytest.mark.parametrize("form", FORMS)
def test_fixed_values_are_as_documented(form: Form) -> None:
    checked = 0
    for path, row in documented(form).items():
        fixed = re.fullmatch(r"`([^`]*)`", row.source)
        for one in made(form) if fixed else ():
            if path in one:
                assert fixed is not None
                assert _shown(one[path][2]) == fixed[1], path
                checked += 1
    assert checked > 10


@pytest.mark.parametrize("form", FORMS)
def test_attributes_from_the_radiograph_equal_the_radiograph_s(form: Form) -> None:
    from tests.project.conformance import full_source

    source, (first, *_) = attributes(full_source()), made(form)
    compared = 0
    for path, row in documented(form).items():
        if row.source == "the radiograph" and path in source and " > " not in path and row.vr != "SQ":
            assert _shown(first[path][2]) == _shown(source[path][2]), path
            compared += 1
    assert compared > 30


def test_every_sop_class_of_the_network_is_listed() -> None:
    for uid in (*RECEIVED, *SENT, COMMITMENT, VERIFICATION):
        assert str(uid) in TEXT


def _shown(value: Any) -> str:
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return str(value)
    return "\\".join(str(one) for one in value)
