"""Which DICOM objects are radiographs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid as uids
from pydicom.data import get_testdata_file

from model.errors import UnreadableImage, UnsuitableImage, UnsupportedImage
from model.reading import read, read_mask

from .files import chest, dataset, dicom, written


@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [
        (uids.ComputedRadiographyImageStorage, "CR"),
        (uids.DigitalXRayImageStorageForPresentation, "DX"),
        (uids.DigitalXRayImageStorageForProcessing, "DX"),
        (uids.XRayRadiofluoroscopicImageStorage, "RF"),
        (uids.SecondaryCaptureImageStorage, "OT"),
        (uids.SecondaryCaptureImageStorage, "CR"),
        (uids.SecondaryCaptureImageStorage, None),
        (uids.MultiFrameGrayscaleWordSecondaryCaptureImageStorage, "OT"),
        (None, "DX"),
    ],
)
def test_projections_are_read(sop_class: uids.UID | None, modality: str | None) -> None:
    assert (
        read(dicom(chest(), bits=12, SOPClassUID=sop_class, Modality=modality)).pixels.shape == chest().shape
    )


@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [
        (uids.CTImageStorage, "CT"),
        (uids.MRImageStorage, "MR"),
        (uids.PositronEmissionTomographyImageStorage, "PT"),
        (uids.UltrasoundImageStorage, "US"),
        (uids.NuclearMedicineImageStorage, "NM"),
        (uids.DigitalMammographyXRayImageStorageForPresentation, "MG"),
        (uids.DigitalIntraOralXRayImageStorageForPresentation, "IO"),
        (uids.SegmentationStorage, "SEG"),
        (uids.SecondaryCaptureImageStorage, "CT"),
        (uids.ComputedRadiographyImageStorage, "MG"),
        ("1.2.840.10008.5.1.4.1.1.999", "CR"),
    ],
)
def test_other_images_are_unsuitable(sop_class: str, modality: str) -> None:
    with pytest.raises(UnsuitableImage, match="projection"):
        read(dicom(chest(), bits=12, SOPClassUID=sop_class, Modality=modality))


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "rtdose.dcm", "reportsi.dcm", "test-SR.dcm"]
)
def test_files_of_other_kinds_are_unsuitable(name: str) -> None:
    with pytest.raises(UnsuitableImage):
        read(Path(str(get_testdata_file(name))))


def test_report_is_no_mask() -> None:
    with pytest.raises(UnsuitableImage, match="no image"):
        read_mask(Path(str(get_testdata_file("reportsi.dcm"))))


def test_several_frames_are_unsuitable() -> None:
    stack = np.concatenate([chest(), chest()])
    data = dicom(stack, bits=12, Rows=chest().shape[0], NumberOfFrames=2)
    for reader in (read, read_mask):
        with pytest.raises(UnsuitableImage, match="frames"):
            reader(data)


@pytest.mark.parametrize("frames", [1, 0, None])
def test_single_frame_is_recognised_in_every_notation(frames: Any) -> None:
    attributes = {} if frames is None else {"NumberOfFrames": frames}
    assert read(dicom(chest(), bits=12, **attributes)).pixels.shape == chest().shape


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
def test_attribute_that_is_missing_is_named(keyword: str) -> None:
    with pytest.raises(UnreadableImage, match=keyword):
        read(dicom(chest(), bits=12, **{keyword: None}))


def test_radiograph_without_pixels_is_not_whole() -> None:
    with pytest.raises(UnreadableImage):
        read(dicom(chest(), bits=12, PixelData=None))


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"PhotometricInterpretation": "HSV"}, "PhotometricInterpretation .* none that is read"),
        ({"PhotometricInterpretation": "MONOCHROME"}, "PhotometricInterpretation .* none that is read"),
        ({"PhotometricInterpretation": "RGB"}, "does not fit its SamplesPerPixel"),
        ({"SamplesPerPixel": 2}, "does not fit its SamplesPerPixel"),
        ({"SamplesPerPixel": 3}, "does not fit its SamplesPerPixel"),
        ({"BitsAllocated": 12}, "8 or 16 bits"),
        ({"BitsAllocated": 64}, "8 or 16 bits"),
    ],
)
def test_unusual_pixels_are_named_unsupported(attributes: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedImage, match=named):
        read(dicom(chest(), bits=12, **attributes))


def test_floating_point_pixels_are_named_unsupported() -> None:
    made = dataset(chest(), bits=12, PixelData=None)
    made.FloatPixelData = chest().astype("<f4").tobytes()
    with pytest.raises(UnsupportedImage, match="floating"):
        read(written(made))


def test_small_image_is_unsuitable() -> None:
    with pytest.raises(UnsuitableImage, match="at least 16"):
        read(dicom(chest(12, 8, 40), bits=12))
