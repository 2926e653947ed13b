"""Common parts of derived DICOM objects: source, series, equipment, and UIDs derived from the content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ...errors import SizeMismatch, UnsuitableImage
from ...version import installed_version
from .seg_words import series_description, series_number

if TYPE_CHECKING:
    from highdicom.base import SOPClass
    from pydicom import Dataset

    from ...checkpoint import CheckpointMetadata
    from ...segmentation import Segmentation
    from .authorship import Authorship

MANUFACTURER = "Pleura"

_NOT_YET = "2.25.0"
"""Instance UID until the object is complete: the final one follows from everything else in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Origin of a derived object.

    Attributes:
        source: The attributes of the radiograph that the object carries or refers to, see `source_of`.
        date: Content date (DA), taken from the radiograph.
        time: Content time (TM), taken from the radiograph.
        name: Name of the checkpoint.
        version: Version of Pleura and the beginning of the weights' checksum.
        threshold: Lowest probability of lung.
    """

    source: Dataset
    date: str
    time: str
    name: str
    version: str
    threshold: float

    @classmethod
    def of(cls, segmentation: Segmentation, metadata: CheckpointMetadata) -> Derivation:
        """Return the origin of an object that is derived from a segmentation.

        Args:
            segmentation: Of a DICOM image.
            metadata: Of the checkpoint that made it.

        Raises:
            SizeMismatch: The labels do not have the size of the radiograph.
            UnsuitableImage: The radiograph is not DICOM, or lacks an attribute that must be referred to.
        """
        from .source import moment_of, source_of

        dataset, labels = segmentation.radiograph.dataset, segmentation.labels
        if dataset is None:
            raise UnsuitableImage(
                "A DICOM segmentation refers to a DICOM image. Request another format for this image."
            )
        source = source_of(dataset)
        if labels.shape != (source.Rows, source.Columns):
            raise SizeMismatch(
                f"The labels are {labels.shape[1]}×{labels.shape[0]} pixels and the DICOM image "
                f"{source.Columns}×{source.Rows}. Make the segmentation at the image's size."
            )
        date, time = moment_of(dataset)
        return cls(
            source=source,
            date=date,
            time=time,
            name=long_string(metadata.name),
            version=f"{installed_version()}+{metadata.sha256[:12]}",
            threshold=segmentation.threshold,
        )

    def identify(self, made: SOPClass) -> None:
        """Add the attributes of the patient and the study to an object that does not copy them by itself."""
        made.copy_patient_and_study_information(self.source)

    def series_uid(self, form: str) -> str:
        """Return the series UID of a form: it depends on the radiograph, the weights and Pleura's version."""
        from pydicom.uid import generate_uid

        return str(
            generate_uid(
                entropy_srcs=["series", str(self.source.SOPInstanceUID), self.name, self.version, form]
            )
        )

    def arguments(
        self,
        segmentation: Segmentation,
        form: str,
        *,
        noun: str,
        block: int,
        series_instance_uid: str | None,
        authorship: Authorship | None = None,
    ) -> dict[str, Any]:
        """Return the arguments that the constructors of highdicom have in common.

        Args:
            segmentation: The segmentation.
            form: The word for the form, for the series UID.
            noun: What the series description begins with.
            block: The millions of the series number; another one for each form.
            series_instance_uid: Series UID; None derives it.
            authorship: Of a mask that a person has drawn or corrected.
        """
        author = "" if authorship is None else f" {authorship.algorithm_type}"
        description = series_description(segmentation.quality, self.source, noun=noun, authorship=authorship)
        return {
            "series_instance_uid": series_instance_uid or self.series_uid(form + author),
            "series_number": series_number(self.source, block=block),
            "series_description": description,
            "sop_instance_uid": _NOT_YET,
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.name,
            "software_versions": self.version,
            "device_serial_number": "none",
            "content_date": self.date,
            "content_time": self.time,
            "specific_character_set": "ISO_IR 192",
        }


def long_string(text: str) -> str:
    """Return a valid value of the representation LO (PS3.5 6.2): 64 characters, no backslash or control."""
    return "".join(
        "_" if character == "\\" or not character.isprintable() else character for character in text
    )[:64]


def with_content_uid(made: Dataset) -> bytes:
    """Encode an object without its creation time, with an instance UID derived from its content."""
    from pydicom.uid import generate_uid

    del made.InstanceCreationDate, made.InstanceCreationTime
    for equipment in made.ContributingEquipmentSequence:
        if equipment.get("ManufacturerModelName") == "highdicom":
            del equipment.ContributionDateTime
    digest = hashlib.sha256(_file(made)).hexdigest()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=["instance", digest]
    )
    return _file(made)


def unknown_class() -> UnsuitableImage:
    """Return the error for a radiograph whose SOP class highdicom does not know."""
    return UnsuitableImage(
        "No DICOM segmentation can refer to this image, because its SOPClassUID is that of no known image. "
        "Send the instance as the PACS stores it, or request PNG or JSON."
    )


def _file(made: Dataset) -> bytes:
    file = BytesIO()
    made.save_as(file)
    return file.getvalue()
