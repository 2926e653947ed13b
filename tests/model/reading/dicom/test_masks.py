import numpy as np
import pytest
from pydicom import Dataset, Sequence
from pydicom import uid as uids
from pydicom.pixels.utils import pack_bits

from model.errors import ImageTooLarge, UnsuitableImage, UnsupportedImage
from model.reading import read_ground_truth, read_mask

from ..masks.drawn import codes, grey, iou, labels, lungs
from ..pictures import saved
from .files import dataset, dicom, written


def _mask(height: int = 21, width: int = 37) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((height, width), bool)
    mask[3:9, 5:11] = mask[12:20, 20:33] = True
    return mask


@pytest.mark.parametrize("value", [1, 255])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_stored_values_that_are_not_zero(value: int, photometric: str) -> None:
    stored = _mask().astype(np.uint8) * np.uint8(value)
    data = dicom(
        stored, photometric=photometric, SOPClassUID=uids.SecondaryCaptureImageStorage, Modality="OT"
    )
    np.testing.assert_array_equal(read_mask(data), _mask())


def test_any_colour() -> None:
    stored = np.zeros((*_mask().shape, 3), np.uint8)
    stored[..., 2] = _mask()
    np.testing.assert_array_equal(read_mask(dicom(stored)), _mask())


def test_one_bit() -> None:
    made = dataset(_mask().astype(np.uint8), BitsAllocated=1, BitsStored=1, HighBit=0)
    made.SOPClassUID = uids.MultiFrameSingleBitSecondaryCaptureImageStorage
    made.PixelData = pack_bits(_mask().astype(np.uint8))
    np.testing.assert_array_equal(read_mask(written(made)), _mask())


def _seg(*segments: np.ndarray[tuple[int, int], np.dtype[np.bool_]], bits: int = 1) -> Dataset:
    made = dataset(segments[0].astype(np.uint8), SOPClassUID=uids.SegmentationStorage, Modality="SEG")
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.NumberOfFrames = len(segments)
    made.SegmentSequence = Sequence([Dataset() for _ in segments])
    stack = np.stack(segments).astype(np.uint8)
    data = pack_bits(stack) if bits == 1 else (stack * 200).tobytes()
    made.PixelData = data + b"\x00" * (len(data) % 2)
    return made


@pytest.mark.parametrize("bits", [1, 8])
def test_segments_of_a_seg_are_joined(bits: int) -> None:
    right, left = _mask(), _mask()
    right[:, 15:] = False
    left[:, :15] = False
    np.testing.assert_array_equal(read_mask(written(_seg(right, left, bits=bits))), _mask())
    np.testing.assert_array_equal(read_mask(written(_seg(right, bits=bits))), right)


def test_seg_of_several_planes_is_unsuitable() -> None:
    made = _seg(_mask(), _mask(), _mask())
    made.SegmentSequence = made.SegmentSequence[:1]
    with pytest.raises(UnsuitableImage, match="frames"):
        read_mask(written(made))


@pytest.mark.parametrize("quality", [40, 90])
def test_jpeg_in_dicom_is_cut_at_half(quality: int) -> None:
    frame = saved(grey(lungs()), "JPEG", quality=quality)
    made = dataset(grey(lungs()), syntax=uids.JPEGBaseline8Bit, frame=frame, Modality="OT")
    truth = read_ground_truth(written(made))
    assert iou(truth.mask, lungs()) >= 0.995
    assert codes(truth) == ["lossy"]


def test_mask_that_was_displayed_inverted_looks_so() -> None:
    truth = read_ground_truth(dicom(grey(~lungs()), photometric="MONOCHROME1"))
    np.testing.assert_array_equal(truth.mask, ~lungs())
    assert codes(truth) == ["inverted"]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_values_of_dicom_can_be_named(kind: type[np.generic]) -> None:
    data = dicom(labels(1, 2, 3).astype(kind))
    assert codes(read_ground_truth(data)) == ["values_joined"]
    np.testing.assert_array_equal(read_ground_truth(data, lung_values={1, 2}).mask, lungs())


def test_values_below_zero_are_rejected() -> None:
    with pytest.raises(UnsupportedImage, match="below 0"):
        read_ground_truth(dicom(labels(1, 2).astype(np.int16) - 1))


def test_limit_holds_for_masks() -> None:
    with pytest.raises(ImageTooLarge):
        read_mask(written(_seg(_mask(), _mask())), max_pixels=_mask().size - 1)
