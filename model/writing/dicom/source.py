"""The attributes that a derived DICOM object copies from its source radiograph, as far as they are valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pydicom import Dataset

from ...errors import UnsuitableImage
from .values import valid_element

_REFERENCES = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_USABLE_UID = re.compile(r"[\d.]{1,64}")
"""Also matches invalid UIDs, such as those with leading zeros, by which a PACS identifies the image."""
_SIZE = ("Rows", "Columns")
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
_MAY_BE_MISSING = (
    # Patient (PS3.3 C.7.1.1)
    "IssuerOfPatientID",
    "TypeOfPatientID",
    "PatientBirthTime",
    "QualityControlSubject",
    "OtherPatientNames",
    "PatientComments",
    # General Study (C.7.2.1) and Patient Study (C.7.2.2)
    "ConsultingPhysicianName",
    "StudyDescription",
    "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy",
    "RequestingService",
    "AdmittingDiagnosesDescription",
    "PatientAge",
    "PatientSize",
    "PatientBodyMassIndex",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "Occupation",
    "SmokingStatus",
    "AdditionalPatientHistory",
    "PregnancyStatus",
    "LastMenstrualDate",
    "ReasonForVisit",
    "AdmissionID",
    "ServiceEpisodeID",
    "ServiceEpisodeDescription",
    "PatientState",
    # The equipment that made the radiograph, and when (C.7.5.1)
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "InstitutionName",
    "InstitutionalDepartmentName",
    "InstitutionAddress",
    "StationName",
    "AcquisitionDateTime",
    # Which film of the study it is (C.7.3.1, C.7.6.1, C.8.1.1)
    "SeriesNumber",
    "InstanceNumber",
    "ViewPosition",
    # Lossy compression of the pixels, which derived objects must state (C.7.6.1)
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)
_VALUES: dict[str, tuple[Any, ...]] = {
    "PatientSex": ("M", "F", "O"),
    "QualityControlSubject": ("YES", "NO"),
    "SmokingStatus": ("YES", "NO", "UNKNOWN"),
    "PregnancyStatus": (1, 2, 3, 4),
    "PatientIdentityRemoved": ("YES", "NO"),
    "LossyImageCompression": ("00", "01"),
}
"""Enumerated values."""


class _Item(NamedTuple):
    """The attributes of a sequence item that are copied, and a check that the result is valid."""

    keywords: tuple[str, ...]
    is_whole: Callable[[Dataset], bool]


def _is_code(item: Dataset) -> bool:
    has_value = sum(keyword in item for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue")) == 1
    return (
        has_value and "CodeMeaning" in item and ("CodingSchemeDesignator" in item or "URNCodeValue" in item)
    )


def _is_issuer(item: Dataset) -> bool:
    named = "LocalNamespaceEntityID" in item or "UniversalEntityID" in item
    return named and ("UniversalEntityID" in item) == ("UniversalEntityIDType" in item)


_CODE = _Item(
    (
        "CodeValue",
        "CodingSchemeDesignator",
        "CodingSchemeVersion",
        "CodeMeaning",
        "LongCodeValue",
        "URNCodeValue",
    ),
    _is_code,
)
_ISSUER = _Item(("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType"), _is_issuer)
_REFERENCE = _Item(("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"), lambda item: len(item) == 2)
_PATIENT_ID = _Item(
    ("PatientID", "IssuerOfPatientID", "TypeOfPatientID"),
    lambda item: "PatientID" in item and "TypeOfPatientID" in item,
)

_SEQUENCES = {
    "OtherPatientIDsSequence": _PATIENT_ID,
    "ReferencedStudySequence": _REFERENCE,
    "ProcedureCodeSequence": _CODE,
    "ReasonForPerformedProcedureCodeSequence": _CODE,
    "AdmittingDiagnosesCodeSequence": _CODE,
    "ReasonForVisitCodeSequence": _CODE,
}
_SEQUENCES_OF_ONE = {
    "ReferencedPatientSequence": _REFERENCE,
    "RequestingServiceCodeSequence": _CODE,
    "IssuerOfAccessionNumberSequence": _ISSUER,
    "IssuerOfAdmissionIDSequence": _ISSUER,
    "IssuerOfServiceEpisodeIDSequence": _ISSUER,
}


def source_of(dataset: Dataset) -> Dataset:
    """Return the attributes of a radiograph that a derived object copies or refers to.

    These identify and describe the patient, the study and the equipment. A value that is too long or
    malformed, that lacks a required part, or that is not in the declared character set is omitted, or
    left empty if the attribute is mandatory. Text is decoded.

    Raises:
        UnsuitableImage: An attribute that must be referred to is missing or malformed.
    """
    source = Dataset()
    character_set = dataset.get("SpecificCharacterSet")
    for keyword in _REFERENCES:
        uid = dataset.get(keyword)
        if isinstance(uid, str) and _USABLE_UID.fullmatch(uid):
            setattr(source, keyword, uid)
    _copy(dataset, source, (*_SIZE, *_MAY_BE_EMPTY, *_MAY_BE_MISSING), character_set)
    missing = [keyword for keyword in (*_REFERENCES, *_SIZE) if keyword not in source]
    if missing:
        raise UnsuitableImage(
            f"No DICOM segmentation can refer to this image, because it has no valid {', '.join(missing)}. "
            "Send the instance as the PACS stores it, or request PNG or JSON."
        )
    for keyword in _MAY_BE_EMPTY:
        if keyword not in source:
            setattr(source, keyword, None)
    for keyword, kind in (_SEQUENCES | _SEQUENCES_OF_ONE).items():
        items = list(_items(dataset, keyword, kind, character_set))
        if items and (len(items) == 1 or keyword in _SEQUENCES):
            setattr(source, keyword, items)
    _copy_deidentification(dataset, source, character_set)
    _copy_trial(dataset, source, character_set)
    return source


def moment_of(dataset: Dataset) -> tuple[str, str]:
    """Return date and time (DA, TM) of the radiograph: the first in its header, or 1900-01-01."""
    for kind in ("Content", "Acquisition", "Series", "Study"):
        date = valid_element(dataset, f"{kind}Date")
        if date is not None:
            time = valid_element(dataset, f"{kind}Time")
            return date.value, "000000" if time is None else time.value
    return "19000101", "000000"


def _copy(dataset: Dataset, copy: Dataset, keywords: Iterable[str], character_set: Any) -> None:
    for keyword in keywords:
        element = valid_element(dataset, keyword, character_set=character_set)
        if element is not None and (keyword not in _VALUES or element.value in _VALUES[keyword]):
            copy.add(element)


def _items(dataset: Dataset, keyword: str, kind: _Item, character_set: Any) -> Iterator[Dataset]:
    try:
        element = dataset[keyword]
    except Exception:
        # Missing, or items that cannot be parsed: pydicom raises several types of exception.
        return
    for item in element.value if element.VR == "SQ" else ():
        copy = Dataset()
        _copy(item, copy, kind.keywords, item.get("SpecificCharacterSet") or character_set)
        if kind.is_whole(copy):
            yield copy


def _copy_deidentification(dataset: Dataset, source: Dataset, character_set: Any) -> None:
    """Copy that the patient was de-identified, if the file also states the method (PS3.3 C.7.1.1)."""
    found = Dataset()
    _copy(dataset, found, ("PatientIdentityRemoved", "DeidentificationMethod"), character_set)
    codes = list(_items(dataset, "DeidentificationMethodCodeSequence", _CODE, character_set))
    if codes:
        found.DeidentificationMethodCodeSequence = codes
    if found.get("PatientIdentityRemoved") == "NO":
        source.PatientIdentityRemoved = "NO"
    elif "PatientIdentityRemoved" in found and len(found) > 1:
        source.update(found)


def _copy_trial(dataset: Dataset, source: Dataset, character_set: Any) -> None:
    """Copy the clinical trial's subject and time point (PS3.3 C.7.1.3, C.7.2.3)."""
    found = Dataset()
    may_be_empty = ("ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName")
    subject = ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID")
    required = ("ClinicalTrialSponsorName", "ClinicalTrialProtocolID")
    _copy(dataset, found, (*required, *may_be_empty, *subject), character_set)
    if all(keyword in found for keyword in required) and any(keyword in found for keyword in subject):
        for keyword in may_be_empty:
            if keyword not in found:
                setattr(found, keyword, None)
        source.update(found)
    _copy(dataset, source, ("ClinicalTrialTimePointID",), character_set)
    if "ClinicalTrialTimePointID" in source:
        _copy(dataset, source, ("ClinicalTrialTimePointDescription",), character_set)
