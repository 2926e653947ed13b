"""The segments of a SEG that are lung by their codes or names."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ImageTooLarge, UnsuitableImage
from model.reading import read_ground_truth, read_labels, read_mask

from ..masks.drawn import codes, halves, labels, lungs, refusal
from .segs import HEART, LABEL_MAP, LUNG, seg, segment

RIGHT, LEFT = halves()
HEART_MASK = labels(1, 2, 3) == 3
TISSUE = ("85756007", "SCT", "Tissue")


def three(*segments: Any, **options: Any) -> bytes:
    return seg([RIGHT, LEFT, HEART_MASK], segments, **options)


@pytest.mark.parametrize(
    ("right", "left"),
    [
        pytest.param(segment(1, "x", LUNG), segment(2, "x", LUNG), id="lung"),
        pytest.param(
            segment(1, "x", ("3341006", "SCT", "Right lung")),
            segment(2, "x", ("44029006", "SCT", "Left lung")),
            id="sides",
        ),
        pytest.param(
            segment(1, "x", ("T-28100", "SRT", "x")), segment(2, "x", ("T-28500", "99SDM", "x")), id="SRT"
        ),
        pytest.param(
            segment(1, "x", ("266005", "SCT", "x")), segment(2, "x", ("44714003", "SCT", "x")), id="lobes"
        ),
        pytest.param(segment(1, "x", ("7309", "FMA", "x")), segment(2, "x", ("7310", "FMA", "x")), id="FMA"),
        pytest.param(
            segment(1, "x", TISSUE, LUNG), segment(2, "x", TISSUE, LUNG), id="a region of the anatomy"
        ),
        pytest.param(segment(1, "Right lung"), segment(2, "lung_left"), id="names"),
        pytest.param(
            segment(1, "Lunge rechts", TISSUE), segment(2, "Linker Lungenflügel", TISSUE), id="German"
        ),
        pytest.param(segment(1, "Poumon droit"), segment(2, "poumon gauche"), id="French"),
        pytest.param(segment(1, "Pulmón derecho"), segment(2, "Pulmão esquerdo"), id="Spanish, Portuguese"),
        pytest.param(segment(1, "Правое лёгкое"), segment(2, "Левое лёгкое"), id="Russian"),
        pytest.param(segment(1, "右肺"), segment(2, "左肺"), id="Chinese, Japanese"),
        pytest.param(segment(1, "오른쪽 폐"), segment(2, "왼쪽 폐"), id="Korean"),
        pytest.param(segment(1, "RightLung"), segment(2, "LUNG-L 2"), id="camel case, digits"),
    ],
)
def test_lungs_count_and_the_heart_does_not(right: Any, left: Any) -> None:
    data = three(right, left, segment(3, "Heart", HEART), SpecificCharacterSet="ISO_IR 192")
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["segments_left_out"]
    assert "3 (Heart)" in truth.notes[0].message


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Lung nodule", None),
        ("Lung tumour", TISSUE),
        ("pulmonary artery", None),
        ("Lung vessels", ("59820001", "SCT", "Blood vessel")),
        ("not lung", None),
        ("肺结节", None),
        ("x", ("27925004", "SCT", "Nodule")),
        ("39607008", ("39607008", "LOCAL", "anything")),
    ],
)
def test_structures_inside_a_lung_do_not_count_as_lung(name: str, kind: tuple[str, str, str] | None) -> None:
    data = three(
        segment(1, "Right lung", LUNG),
        segment(2, "Left lung", LUNG),
        segment(3, name, kind),
        SpecificCharacterSet="ISO_IR 192",
    )
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_nodule_in_a_lung_region_does_not_count_as_lung() -> None:
    nodule = segment(3, "x", ("27925004", "SCT", "Nodule"), LUNG)
    data = three(segment(1, "Right lung"), segment(2, "Left lung"), nodule)
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_without_lungs_the_segments_are_named() -> None:
    data = three(
        segment(1, "Clavicle"), segment(2, "", ("51299004", "SCT", "Clavicle")), segment(3, "Heart", HEART)
    )
    said = refusal(data)
    assert "1 (Clavicle), 2 (Clavicle), 3 (Heart)" in said
    assert "lung_values" in said
    truth = read_ground_truth(data, lung_values={1, 2})
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


def test_of_many_segments_the_first_are_named_and_no_name_is_long() -> None:
    data = seg(
        [RIGHT] * 12, [segment(number, f"Bone {number} " + "x" * 50, HEART) for number in range(1, 13)]
    )
    said = refusal(data)
    assert "and 4 others" in said
    assert len(said) < 900


@pytest.mark.parametrize("name", ["", "Segment_1", "label 2", "ROI"])
def test_segments_without_codes_are_joined_with_a_note(name: str) -> None:
    data = seg([RIGHT, LEFT], [segment(1, name, TISSUE if name else None), segment(2, name)])
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["unnamed_segments"]


def test_segment_without_codes_is_ignored_beside_a_lung() -> None:
    truth = read_ground_truth(three(segment(1, "Lung"), segment(2, "Lung"), segment(3)))
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["segments_left_out"]


def test_unknown_segment_number_has_a_note() -> None:
    truth = read_ground_truth(three(segment(1), segment(2), segment(3)), lung_values={7})
    assert not truth.mask.any()
    assert codes(truth) == ["values_absent"]


def test_region_is_every_segment() -> None:
    data = three(segment(1, "Lung"), segment(2, "Lung"), segment(3, "Heart", HEART))
    np.testing.assert_array_equal(read_mask(data), lungs() | HEART_MASK)


SEGMENTS = (segment(5, "Right lung", LUNG), segment(7, "Heart", HEART), segment(9, "Left lung", LUNG))


def test_frames_come_in_any_order() -> None:
    data = seg([HEART_MASK, LEFT, RIGHT], SEGMENTS, of=[7, 9, 5])
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_several_frames_of_a_segment_are_joined() -> None:
    upper, lower = RIGHT.copy(), RIGHT.copy()
    upper[128:] = lower[:128] = False
    frames = [lower, HEART_MASK, LEFT, HEART_MASK, upper]
    for sources in (None, ["1.2.3"] * 5):
        data = seg(frames, SEGMENTS, of=[5, 7, 9, 7, 5], sources=sources)
        np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_segment_may_have_no_frame() -> None:
    data = seg([RIGHT], SEGMENTS, of=[5])
    np.testing.assert_array_equal(read_ground_truth(data).mask, RIGHT)
    assert not read_ground_truth(seg([HEART_MASK], SEGMENTS, of=[7])).mask.any()


def test_frames_of_several_images_are_rejected() -> None:
    data = seg([RIGHT, LEFT, RIGHT], SEGMENTS, of=[5, 9, 5], sources=["1.2.3", "1.2.3", "1.2.4"])
    with pytest.raises(UnsuitableImage, match="several images"):
        read_ground_truth(data)


def test_far_too_many_frames_are_rejected() -> None:
    data = seg([RIGHT] * 40, SEGMENTS, of=[5] * 40)
    assert (read_ground_truth(data).mask == RIGHT).all()
    with pytest.raises(ImageTooLarge, match="too many frames"):
        read_ground_truth(data, max_pixels=2 * RIGHT.size)


@pytest.mark.parametrize("highest", [1, 2, 100, 255])
@pytest.mark.parametrize("kind", ["PROBABILITY", "OCCUPANCY"])
def test_fractions_count_from_half_of_the_maximum(highest: int, kind: str) -> None:
    rows = np.linspace(0, highest, 256).round().astype(np.uint8)
    ramp = np.repeat(rows[:, None], 256, axis=1)
    data = seg(
        [ramp],
        [segment(1, "Lung", LUNG)],
        bits=8,
        MaximumFractionalValue=highest,
        SegmentationFractionalType=kind,
    )
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, ramp.astype(int) * 2 >= highest)
    assert ("fractional" in codes(truth)) == (highest > 1)
    np.testing.assert_array_equal(read_mask(data), truth.mask)


def test_fractions_of_the_heart_do_not_count() -> None:
    frames = [part.astype(np.uint8) * 200 for part in (RIGHT, LEFT, HEART_MASK)]
    data = seg(
        frames,
        [segment(1, "Lung"), segment(2, "Lung"), segment(3, "Heart", HEART)],
        bits=8,
        MaximumFractionalValue=255,
    )
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def label_map(values: NDArray[np.uint8], *segments: Any, **attributes: Any) -> bytes:
    return seg(
        [values],
        [segment(0, "Background", ("125040", "DCM", "Background")), *segments],
        bits=8,
        SOPClassUID=LABEL_MAP,
        SegmentationType="LABELMAP",
        **attributes,
    )


def test_of_a_label_map_the_lungs_count() -> None:
    data = label_map(
        labels(1, 2, 3), segment(1, "Right lung"), segment(2, "Left lung"), segment(3, "Heart", HEART)
    )
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["segments_left_out"]
    assert "Background" not in truth.notes[0].message
    np.testing.assert_array_equal(read_labels(data), labels(1, 2, 3))
    np.testing.assert_array_equal(read_mask(data), labels(1, 2, 3) > 0)


def test_label_map_is_inverted_by_no_photometric_interpretation() -> None:
    data = label_map(
        labels(1, 2), segment(1, "Lung"), segment(2, "Lung"), PhotometricInterpretation="MONOCHROME1"
    )
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_seg_of_frames_is_no_label_map() -> None:
    with pytest.raises(UnsuitableImage, match="LABELMAP"):
        read_labels(three(segment(1), segment(2), segment(3)))
