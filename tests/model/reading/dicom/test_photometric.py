"""Polarity of the values: photometric interpretation, presentation LUT, relationship to the beam."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Sequence
from pydicom import uid as uids

from model.errors import UnreadableImage
from model.reading import read, read_mask

from ..pictures import ramp
from .files import chest, dataset, dicom, written
from .test_display import table
from .test_syntaxes import spread

DENSITY = chest(12)
"""Bright where the body is dense."""


def intensity(*, largest: int = 4095, rising: bool = True) -> NDArray[np.uint16]:
    """The beam behind a body of `DENSITY`: proportional to its intensity, or falling with it."""
    transmitted: NDArray[np.uint16] = np.rint(largest * np.exp(-4.0 * DENSITY / 4095)).astype(np.uint16)
    return transmitted if rising else np.uint16(largest) - transmitted


def shown(stored: NDArray[Any], **attributes: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    radiograph = read(dicom(stored, **{"bits": 12, **attributes}))
    return radiograph.pixels, radiograph.applied


def respelt(data: bytes, value: str, spelling: str) -> bytes:
    """The file with one code string spelt in another way, which pydicom would not write."""
    padded = value.encode().ljust(len(value) + len(value) % 2)
    assert data.count(padded) == 1
    return data.replace(padded, spelling.encode().ljust(len(padded)))


@pytest.mark.parametrize(
    "spelling",
    ["monochrome1", "Monochrome1", " MONOCHROME1", "MONOCHROME 1", "MONOCHROME_1", "MONOCHROME1\x00"],
)
def test_spellings_of_a_photometric_interpretation(spelling: str) -> None:
    data = dicom(DENSITY, bits=12, photometric="MONOCHROME1")
    radiograph = read(respelt(data, "MONOCHROME1", spelling))
    np.testing.assert_array_equal(radiograph.pixels, 65535 - spread(DENSITY))
    assert radiograph.applied == ("inverted",)


def test_photometric_interpretation_that_is_said_twice() -> None:
    pixels, applied = shown(DENSITY, PhotometricInterpretation=["MONOCHROME1", "MONOCHROME1"])
    np.testing.assert_array_equal(pixels, 65535 - spread(DENSITY))
    assert applied == ("inverted",)


@pytest.mark.parametrize(
    ("value", "spelling"),
    [("RGB", "rgb"), ("RGB", " RGB"), ("YBR_FULL", "ybr_full"), ("YBR_FULL", "YBR FULL")],
)
def test_spellings_of_colours(value: str, spelling: str) -> None:
    flat = np.full_like(ramp(), 128)
    stored = np.dstack([ramp()] * 3 if value == "RGB" else [ramp(), flat, flat])
    pixels = read(respelt(dicom(stored, photometric=value), value, spelling)).pixels
    assert np.abs(pixels.astype(int) - ramp()).max() <= 1


@pytest.mark.parametrize(
    ("keyword", "value", "spelling"),
    [
        ("PresentationLUTShape", "INVERSE", "inverse"),
        ("PresentationLUTShape", "INVERSE", " INVERSE"),
        ("PresentationIntentType", "FOR PROCESSING", "for_processing"),
        ("PresentationIntentType", "FOR PROCESSING", "FORPROCESSING"),
    ],
)
def test_spellings_of_other_codes(keyword: str, value: str, spelling: str) -> None:
    attributes = {keyword: value, "PixelIntensityRelationshipSign": 1}
    data = dicom(DENSITY, bits=12, **attributes)
    assert read(respelt(data, value, spelling)).applied == ("inverted",)


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(
    ("attributes", "inverted"),
    [
        ({}, False),
        ({"PresentationLUTShape": "IDENTITY"}, False),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({"PixelIntensityRelationshipSign": -1}, False),
        ({"PixelIntensityRelationshipSign": 1}, True),
        ({"PresentationLUTShape": "IDENTITY", "PixelIntensityRelationshipSign": 1}, False),
    ],
)
def test_missing_photometric_interpretation_is_assumed(
    attributes: dict[str, Any], inverted: bool, value: str | None
) -> None:
    pixels, applied = shown(DENSITY, PhotometricInterpretation=value, **attributes)
    np.testing.assert_array_equal(pixels, 65535 - spread(DENSITY) if inverted else spread(DENSITY))
    assert applied == ("photometric_assumed", "inverted")[: 1 + inverted]


def test_mask_needs_no_photometric_interpretation() -> None:
    np.testing.assert_array_equal(
        read_mask(dicom(DENSITY, bits=12, PhotometricInterpretation=None)), DENSITY > 0
    )


def test_colours_without_photometric_interpretation_are_rejected() -> None:
    with pytest.raises(UnreadableImage, match="no PhotometricInterpretation"):
        read(dicom(np.dstack([ramp()] * 3), PhotometricInterpretation=None))


def test_samples_that_are_missing_follow_from_the_photometric_interpretation() -> None:
    made = dataset(np.dstack([ramp()] * 3), SamplesPerPixel=None)
    np.testing.assert_array_equal(read(written(made)).pixels, ramp())


@pytest.mark.parametrize(
    ("photometric", "shape", "sign", "inverted"),
    [
        ("MONOCHROME1", "INVERSE", None, True),
        ("MONOCHROME1", "INVERSE", -1, True),
        ("MONOCHROME1", "INVERSE", 1, True),
        ("MONOCHROME2", "IDENTITY", None, False),
        ("MONOCHROME2", "IDENTITY", 1, False),
        # Each contradiction is found in the field.
        ("MONOCHROME1", "IDENTITY", None, True),
        ("MONOCHROME2", "INVERSE", None, True),
        ("MONOCHROME2", "INVERSE", 1, True),
        ("MONOCHROME2", "INVERSE", -1, False),
        ("MONOCHROME1", "IDENTITY", -1, False),
        ("MONOCHROME2", "LIN OD", None, False),
        ("MONOCHROME1", "LIN OD", None, True),
    ],
)
def test_one_inversion_at_most(photometric: str, shape: str, sign: int | None, inverted: bool) -> None:
    attributes: dict[str, Any] = {} if sign is None else {"PixelIntensityRelationshipSign": sign}
    pixels, applied = shown(
        DENSITY,
        photometric=photometric,
        PresentationLUTShape=shape,
        PresentationIntentType="FOR PRESENTATION",
        **attributes,
    )
    np.testing.assert_array_equal(pixels, 65535 - spread(DENSITY) if inverted else spread(DENSITY))
    assert applied == (("inverted",) if inverted else ())


RAW = [
    {"SOPClassUID": uids.DigitalXRayImageStorageForProcessing},
    {"PresentationIntentType": "FOR PROCESSING"},
    {},
]


@pytest.mark.parametrize("raw", RAW, ids=str)
@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("largest", [1023, 4095])
def test_linear_image_for_processing_looks_as_for_presentation(
    raw: dict[str, Any], rising: bool, photometric: str, largest: int
) -> None:
    pixels, applied = shown(
        intensity(largest=largest, rising=rising),
        photometric=photometric,
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1 if rising else -1,
        **raw,
    )
    assert np.corrcoef(pixels.ravel(), DENSITY.ravel())[0, 1] > 0.995
    assert applied == (("log", "inverted") if rising else ("log",))


@pytest.mark.parametrize("raw", RAW, ids=str)
@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_logarithmic_image_for_processing_is_only_turned(
    raw: dict[str, Any], rising: bool, photometric: str
) -> None:
    stored = np.uint16(4095) - DENSITY if rising else DENSITY
    pixels, applied = shown(
        stored,
        photometric=photometric,
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=1 if rising else -1,
        **raw,
    )
    np.testing.assert_array_equal(pixels, spread(DENSITY))
    assert applied == (("inverted",) if rising else ())


@pytest.mark.parametrize("rising", [True, False])
def test_signed_linear_values(rising: bool) -> None:
    stored = intensity(rising=rising).astype(np.int16) - np.int16(2048)
    pixels, _ = shown(
        stored,
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1 if rising else -1,
        PresentationIntentType="FOR PROCESSING",
    )
    assert np.corrcoef(pixels.ravel(), DENSITY.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("sign", [None, 0, 7])
def test_linear_without_a_sign_rises(sign: int | None) -> None:
    attributes: dict[str, Any] = {} if sign is None else {"PixelIntensityRelationshipSign": sign}
    _, applied = shown(
        intensity(), PixelIntensityRelationship="LIN", PresentationIntentType="FOR PROCESSING", **attributes
    )
    assert applied == ("log", "inverted")


@pytest.mark.parametrize(
    "prepared",
    [
        {"PresentationIntentType": "FOR PRESENTATION"},
        {"WindowCenter": 2048, "WindowWidth": 4096},
        {"VOILUTSequence": table(np.arange(4096, dtype="<u2"))},
        {"PresentationLUTShape": "IDENTITY"},
        {"PixelIntensityRelationship": "DISP", "PresentationIntentType": "FOR PROCESSING"},
    ],
    ids=lambda attributes: "".join(attributes),
)
def test_what_was_prepared_for_display_stays_as_it_is(prepared: dict[str, Any]) -> None:
    attributes = {
        "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": 1,
        **prepared,
    }
    pixels, applied = shown(DENSITY, **attributes)
    assert np.abs(pixels.astype(int) - spread(DENSITY)).max() <= 32
    assert "log" not in applied
    assert "inverted" not in applied


def test_window_is_not_for_the_logarithm() -> None:
    pixels, applied = shown(
        intensity(),
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=100,
        WindowWidth=2000,
    )
    assert np.corrcoef(pixels.ravel(), DENSITY.ravel())[0, 1] > 0.995
    assert applied == ("log", "inverted")


def test_logarithmic_image_keeps_its_window() -> None:
    pixels, applied = shown(
        np.uint16(4095) - DENSITY,
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
        WindowCenter=2048,
        WindowWidth=2048,
    )
    assert applied == ("window", "inverted")
    assert (pixels[DENSITY < 1000] == 0).all()
    assert (pixels[DENSITY > 3100] == 65535).all()


@pytest.mark.parametrize("slope", [1, -1])
def test_slope_that_turns_the_values_is_taken_into_account(slope: int) -> None:
    pixels, _ = shown(
        np.uint16(4095) - DENSITY,
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
        RescaleSlope=slope,
        RescaleIntercept=0,
    )
    np.testing.assert_array_equal(pixels, spread(DENSITY))


def test_modality_table_replaces_the_logarithm() -> None:
    entries = np.rint(np.log1p(np.arange(4096)) * 7000).astype("<u2")
    pixels, applied = shown(
        intensity(),
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
        ModalityLUTSequence=table(entries),
    )
    assert np.corrcoef(pixels.ravel(), DENSITY.ravel())[0, 1] > 0.995
    assert applied == ("modality_lut", "inverted")


def test_collimator_does_not_take_the_range_of_the_logarithm() -> None:
    stored = intensity()
    stored[:4] = stored[:, :4] = 0
    pixels, _ = shown(
        stored,
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
    )
    assert np.ptp(pixels[4:, 4:]) > 65535 / 3


def test_image_without_any_intensity_is_black() -> None:
    pixels, _ = shown(
        np.zeros((40, 40), np.uint16),
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
        PresentationIntentType="FOR PROCESSING",
    )
    assert (pixels == 0).all()


def test_table_of_a_fluoroscopic_image_is_not_for_display() -> None:
    entries = np.rint(np.exp(np.arange(4096) / 4095 * 11)).astype("<u2")
    pixels, applied = shown(
        DENSITY,
        SOPClassUID=uids.XRayRadiofluoroscopicImageStorage,
        Modality="RF",
        PixelIntensityRelationship="LOG",
        ModalityLUTSequence=Sequence(table(entries)),
    )
    np.testing.assert_array_equal(pixels, spread(DENSITY))
    assert applied == ()
