"""The patient's age according to a DICOM header."""

from __future__ import annotations

import re
from datetime import date

from pydicom import Dataset

from .dataset import text

_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")


def age_in_years(dataset: Dataset) -> float | None:
    """Return the patient's age in years when the image was made; None if the header does not say.

    Patient's Age is used (PS3.5, representation AS: ``034Y``, ``006M``), or else the time from the
    Patient's Birth Date to the study.
    """
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text(dataset, "PatientAge").upper())
    if match is not None:
        return int(match[1]) * _YEARS[match[2]]
    born = _date(text(dataset, "PatientBirthDate"))
    made = next((day for day in map(_date, (text(dataset, name) for name in _DATES)) if day), None)
    if born is None or made is None or made < born:
        return None
    return (made - born).days * _YEARS["D"]


def _date(value: str) -> date | None:
    try:
        return (
            date(int(value[:4]), int(value[4:6]), int(value[6:8])) if re.fullmatch(r"\d{8}", value) else None
        )
    except ValueError:
        return None
