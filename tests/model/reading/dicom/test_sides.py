from typing import Any

import pytest
from pydicom import DataElement, config

from model.reading import read
from model.sides import CONVENTION, Edge, Sides

from .files import chest, dataset, dicom, written


def sides(**attributes: Any) -> Sides:
    return read(dicom(chest(), bits=12, **attributes)).sides


def with_orientation(value: str) -> Sides:
    """Of a file that holds a value as it is, whatever the standard says of it."""
    made = dataset(chest(), bits=12)
    made.add(DataElement("PatientOrientation", "CS", value, validation_mode=config.IGNORE))
    return read(written(made)).sides


@pytest.mark.parametrize(
    ("orientation", "left_at", "doubts"),
    [
        (["L", "F"], "right", ()),
        (["R", "F"], "left", ("mirrored",)),
        (["L", "H"], "right", ("mirrored", "rotated")),
        (["R", "H"], "left", ("rotated",)),
        (["F", "L"], "bottom", ("mirrored", "rotated")),
        (["F", "R"], "top", ("rotated",)),
        (["H", "L"], "bottom", ("rotated",)),
        (["H", "R"], "top", ("mirrored", "rotated")),
        (["LA", "F"], "right", ()),
        (["LF", "FR"], "right", ()),
        (["RP", "FA"], "left", ("mirrored",)),
        (["RFA", "FL"], "left", ("mirrored",)),
        (["AL", "F"], "right", ("not_frontal",)),
        (["L", "P"], "right", ("not_frontal",)),
    ],
)
def test_patient_orientation_tells_the_edge_of_the_left_side(
    orientation: list[str], left_at: Edge, doubts: tuple[str, ...]
) -> None:
    found = sides(PatientOrientation=orientation)
    assert found == Sides(left_at=left_at, source="patient_orientation", doubts=doubts)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["r\\f", " R\\F ", "Rp\\fA"])
def test_orientation_in_small_letters_and_with_spaces(value: str) -> None:
    assert with_orientation(value).left_at == "left"


@pytest.mark.parametrize(
    "value",
    ["L\\R", "L\\L", "F\\H", "LR\\F", "LL\\F", "X\\F", "LAFH\\F", "R", "R\\", "R/F", "R\\F\\A", "HFS"],
)
def test_orientation_without_sense_is_the_convention_with_a_doubt(value: str) -> None:
    assert with_orientation(value) == Sides(doubts=("sides_uncertain",))


@pytest.mark.parametrize("value", ["", "\\", " \\ "])
def test_empty_orientation_is_the_convention(value: str) -> None:
    assert with_orientation(value) == CONVENTION


@pytest.mark.parametrize("orientation", [["A", "F"], ["P", "F"], ["AH", "F"]])
def test_view_from_the_side_by_its_orientation(orientation: list[str]) -> None:
    assert sides(PatientOrientation=orientation) == Sides(doubts=("not_frontal",))


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LAT"])
def test_view_from_the_side_by_its_name(view: str) -> None:
    assert sides(ViewPosition=view).doubts == ("not_frontal",)
    assert sides(ViewPosition=view, PatientOrientation=["L", "F"]).doubts == ("not_frontal",)


@pytest.mark.parametrize("view", ["PA", "AP", "LLD", "RLD", ""])
def test_frontal_view_by_its_name(view: str) -> None:
    assert sides(ViewPosition=view) == CONVENTION


@pytest.mark.parametrize(
    ("attributes", "only"),
    [
        ({"ImageLaterality": "R"}, "right"),
        ({"ImageLaterality": "L"}, "left"),
        ({"Laterality": "R"}, "right"),
        ({"ImageLaterality": "L", "Laterality": "R"}, "left"),
        ({"ImageLaterality": "", "Laterality": "R"}, "right"),
        ({"ImageLaterality": "LEFT"}, "left"),
        ({"ImageLaterality": "B"}, None),
        ({"ImageLaterality": "U"}, None),
        ({"ImageLaterality": "B", "Laterality": "R"}, None),
    ],
)
def test_laterality_tells_the_side_that_is_shown(attributes: dict[str, str], only: str | None) -> None:
    assert sides(**attributes).only == only
