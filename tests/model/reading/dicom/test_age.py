import pytest
from pydicom import Dataset

from model.reading.dicom.age import age_in_years

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value:UserWarning")


def header(**attributes: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("age", "years"), [("034Y", 34), ("006M", 0.5), ("052W", 1), ("003D", 0.01), ("000Y", 0), ("7Y", 7)]
)
def test_age_is_read_in_years(age: str, years: float) -> None:
    assert age_in_years(header(PatientAge=age)) == pytest.approx(years, abs=0.01)


def test_birth_date_and_study_date_give_the_age() -> None:
    assert age_in_years(header(PatientBirthDate="20200229", StudyDate="20240229")) == pytest.approx(
        4, abs=0.01
    )
    assert age_in_years(header(PatientBirthDate="19500101", ContentDate="20200101")) == pytest.approx(
        70, abs=0.1
    )


def test_age_is_preferred_to_dates() -> None:
    assert age_in_years(header(PatientAge="050Y", PatientBirthDate="20200101", StudyDate="20210101")) == 50


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"PatientAge": ""},
        {"PatientAge": "forty"},
        {"PatientAge": "034X"},
        {"PatientBirthDate": "20200101"},
        {"PatientBirthDate": "20201332", "StudyDate": "20240101"},
        {"PatientBirthDate": "20240101", "StudyDate": "20200101"},
        {"PatientBirthDate": "19700101", "StudyDate": "2024"},
    ],
)
def test_header_without_a_valid_age_gives_none(attributes: dict[str, str]) -> None:
    assert age_in_years(header(**attributes)) is None
