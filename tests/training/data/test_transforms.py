from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision import tv_tensors

from model.metrics.overlap import overlap
from model.preprocessing import Preprocessing, unit_range
from samples.phantom import Phantom, phantom
from training.data.augmentation import (
    RandomBorders,
    RandomBowelGas,
    RandomBreasts,
    RandomEffusion,
    RandomElastic,
    RandomLargeHeart,
    RandomLocalContrast,
    RandomMarkings,
    RandomProjection,
    RandomSaturation,
    RandomScapulae,
    RandomWarp,
)
from training.data.datasets import HEART, IGNORE, LUNG, Pair, Transform
from training.data.transforms import UnitRange, plain_transform, strong_transform

SIZE = 64


@pytest.fixture(scope="module")
def made() -> Phantom:
    return phantom(width=80, height=96, seed=3)


def as_pair(pixels: NDArray[np.uint8] | NDArray[np.uint16], mask: NDArray[np.bool_]) -> Pair:
    """As `SegmentationDataset` gives it to a transform."""
    image = tv_tensors.Image(torch.from_numpy(pixels)[None])
    return image, tv_tensors.Mask(torch.from_numpy(mask.view(np.uint8).copy()))


def as_unit_pair(pixels: NDArray[np.uint8] | NDArray[np.uint16], mask: NDArray[np.bool_]) -> Pair:
    """As augmentation sees it."""
    return UnitRange()(*as_pair(pixels, mask))  # type: ignore[no-any-return]


def drawn(transform: Transform, pair: Pair, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return transform(*pair)


@pytest.mark.parametrize("make", [plain_transform, strong_transform])
@pytest.mark.parametrize(("width", "height"), [(80, 96), (64, 64), (300, 40)])
def test_output_is_the_square_input_of_the_network(
    make: Callable[[Preprocessing], Transform], width: int, height: int
) -> None:
    made = phantom(width=width, height=height, seed=1)
    transform = make(Preprocessing(input_size=SIZE))
    for seed in range(8):
        x, y = drawn(transform, as_pair(made.pixels, made.mask), seed)
        assert (x.shape, x.dtype) == ((1, SIZE, SIZE), torch.float32)
        assert (y.shape, y.dtype) == ((SIZE, SIZE), torch.uint8)
        assert bool(x.isfinite().all())
        assert set(y.unique().tolist()) <= {0, 1}


def test_masks_keep_ignored_pixels(made: Phantom) -> None:
    image, mask = as_pair(made.pixels, made.mask)
    mask[:20] = IGNORE
    transform = strong_transform(Preprocessing(input_size=SIZE))
    values = torch.cat([drawn(transform, (image, mask), seed)[1].unique() for seed in range(8)])
    assert set(values.tolist()) == {0, 1, IGNORE}


def test_input_is_not_modified(made: Phantom) -> None:
    image, mask = as_pair(made.pixels, made.mask)
    before = image.clone(), mask.clone()
    for seed in range(8):
        drawn(strong_transform(Preprocessing(input_size=SIZE)), (image, mask), seed)
    assert torch.equal(image, before[0])
    assert torch.equal(mask, before[1])


def test_same_seed_gives_the_same_sample(made: Phantom) -> None:
    transform = strong_transform(Preprocessing(input_size=SIZE))
    pair = as_pair(made.pixels, made.mask)
    x, y = drawn(transform, pair, 7)
    again, mask_again = drawn(transform, pair, 7)
    assert torch.equal(x, again)
    assert torch.equal(y, mask_again)


def test_other_seeds_give_other_samples(made: Phantom) -> None:
    transform = strong_transform(Preprocessing(input_size=SIZE))
    pair = as_pair(made.pixels, made.mask)
    samples = [drawn(transform, pair, seed) for seed in range(12)]
    for number, (x, y) in enumerate(samples):
        for other_x, other_y in samples[:number]:
            assert not torch.equal(x, other_x)
            assert not torch.equal(y, other_y)


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
@pytest.mark.parametrize("normalisation", ["zscore", "unit"])
def test_plain_equals_the_preprocessing_of_the_service(
    made: Phantom, resize: Literal["stretch", "letterbox"], normalisation: Literal["zscore", "unit"]
) -> None:
    preprocessing = Preprocessing(input_size=SIZE, resize=resize, normalisation=normalisation)
    x, _ = plain_transform(preprocessing)(*as_pair(made.pixels, made.mask))
    assert np.array_equal(x[0].numpy(), preprocessing.apply(made.pixels))


def test_plain_letterboxes_the_mask_with_its_image(made: Phantom) -> None:
    preprocessing = Preprocessing(input_size=SIZE, resize="letterbox")
    _, y = plain_transform(preprocessing)(*as_pair(made.pixels, np.ones_like(made.mask)))
    rows, columns = preprocessing.frame(width=80, height=96)
    expected = np.zeros((SIZE, SIZE), np.uint8)
    expected[rows, columns] = 1
    assert np.array_equal(y.numpy(), expected)


def test_16_bits_give_the_same_as_8_bits() -> None:
    eight, sixteen = (phantom(width=80, height=80, seed=4, bits=bits) for bits in (8, 16))
    transform = plain_transform(Preprocessing(input_size=SIZE))
    x, _ = transform(*as_pair(eight.pixels, eight.mask))
    y, _ = transform(*as_pair(sixteen.pixels, sixteen.mask))
    assert float((x - y).abs().max()) < 0.05


@pytest.mark.parametrize("transform", [RandomWarp(SIZE), RandomElastic(0.03)])
def test_image_and_mask_move_together(transform: Transform) -> None:
    made = phantom(width=SIZE, height=SIZE, seed=5)
    drawing = (made.mask * np.uint8(255)).astype(np.uint8)
    moved = 0
    for seed in range(12):
        x, y = drawn(transform, as_unit_pair(drawing, made.mask), seed)
        mask = y.numpy() > 0
        # What lies outside the image may be its last row drawn out, which is no lung here.
        assert overlap(x[0].numpy() > 0.5, mask).iou > 0.93
        moved += overlap(mask, made.mask).iou < 0.95
    assert moved >= 6


def test_identity_warp_is_a_resize() -> None:
    made = phantom(width=SIZE, height=SIZE, seed=5)
    still = RandomWarp(SIZE, degrees=0, scale=(1, 1), aspect=0, shear=0, shift=0)
    x, y = still(*as_unit_pair(made.pixels, made.mask))
    assert np.abs(x[0].numpy() - unit_range(made.pixels)).max() < 1e-5
    assert np.array_equal(y.numpy() > 0, made.mask)


def test_markings_do_not_change_the_mask(made: Phantom) -> None:
    image, mask = as_unit_pair(np.full_like(made.pixels, 100), made.mask)
    marked = 0
    for seed in range(12):
        x, y = drawn(RandomMarkings(), (image, mask), seed)
        assert torch.equal(y, mask)
        assert 0 <= float(x.min()) <= float(x.max()) <= 1
        marked += not torch.equal(x, image)
    assert marked >= 9


def test_bars_have_at_most_the_given_width() -> None:
    pair = as_unit_pair(np.full((SIZE, SIZE), 100, np.uint8), np.ones((SIZE, SIZE), np.bool_))
    widest = max(
        int((drawn(RandomBorders(0.4), pair, seed)[1].numpy() == 0)[:, SIZE // 2].sum()) for seed in range(20)
    )
    assert widest > 0.2 * SIZE


def test_bars_at_the_edges_are_background() -> None:
    pair = as_unit_pair(np.full((SIZE, SIZE), 100, np.uint8), np.ones((SIZE, SIZE), np.bool_))
    covered = 0
    for seed in range(12):
        x, y = drawn(RandomBorders(), pair, seed)
        bars = y.numpy() == 0
        covered += bars.any()
        assert np.array_equal(bars, ~np.isclose(x[0].numpy(), 100 / 255))
        assert len(np.unique(x[0].numpy()[bars])) <= 1
    assert covered >= 6


def test_gas_lies_outside_the_lungs_and_only_darkens(made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    before, lung = pair[0][0].numpy(), made.mask
    gassy = 0
    for seed in range(20):
        x, y = drawn(RandomBowelGas(), pair, seed)
        assert np.array_equal(y.numpy() > 0, lung)
        change = x[0].numpy() - before
        assert np.abs(change[lung]).max() == 0
        assert change.max() <= 1e-6
        gassy += bool(change.min() < -0.05)
    assert gassy >= 10


def test_weaker_gas_is_less_dark(made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    half, whole = (drawn(RandomBowelGas(strength), pair, 1)[0] for strength in (0.5, 1.0))
    torch.testing.assert_close(half - pair[0], (whole - pair[0]) / 2)


ANATOMY = (RandomBowelGas, RandomEffusion, RandomBreasts, RandomScapulae, RandomLargeHeart)


@pytest.mark.parametrize("make", ANATOMY)
def test_anatomy_without_a_lung_changes_nothing(make: Callable[[], Transform], made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, np.zeros_like(made.mask))
    x, _ = drawn(make(), pair, 0)
    assert torch.equal(x, pair[0].as_subclass(torch.Tensor))


@pytest.mark.parametrize("make", [RandomEffusion, RandomBreasts, RandomScapulae])
def test_whitening_does_not_change_the_mask(make: Callable[[], Transform], made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    whitened = 0
    for seed in range(10):
        x, y = drawn(make(), pair, seed)
        assert torch.equal(y, pair[1].as_subclass(torch.Tensor))
        change = (x - pair[0]).numpy()[0]
        assert change.min() >= -1e-6
        whitened += bool((change[made.mask] > 0.1).any())
    assert whitened >= 5


def test_an_effusion_whitens_one_lung(made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    for seed in range(10):
        x, _ = drawn(RandomEffusion(), pair, seed)
        change = (x - pair[0]).numpy()[0]
        assert min(change[made.right].mean(), change[made.left].mean()) < 0.02


def test_large_heart_displaces_the_lungs(made: Phantom) -> None:
    image, lungs = as_unit_pair(made.pixels, made.mask)
    mask = lungs.numpy()
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    mask[((columns - 42) / 14) ** 2 + ((rows - 62) / 12) ** 2 <= 1] = HEART
    for seed in range(10):
        _, y = drawn(RandomLargeHeart(), (image, tv_tensors.Mask(torch.from_numpy(mask))), seed)
        before, after = np.bincount(mask.ravel(), minlength=3), np.bincount(y.numpy().ravel(), minlength=3)
        assert after[HEART] > before[HEART]
        assert before[LUNG] > after[LUNG] > 0.5 * before[LUNG]


def test_projection_of_strength_0_changes_nothing(made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    x, y = drawn(RandomProjection(0.0), pair, 0)
    torch.testing.assert_close(x, pair[0].as_subclass(torch.Tensor))
    assert torch.equal(y, pair[1].as_subclass(torch.Tensor))
    x, y = drawn(RandomProjection(0.3), pair, 0)
    assert not torch.equal(y, pair[1].as_subclass(torch.Tensor))
    assert overlap(y.numpy() > 0, made.mask).iou > 0.6


def test_saturation_clips_the_darkest_and_the_brightest(made: Phantom) -> None:
    pair = as_unit_pair(made.pixels, made.mask)
    x, y = drawn(RandomSaturation(0.2), pair, 2)
    ends = float((x == 0).float().mean()), float((x == 1).float().mean())
    assert max(ends) > 0.02
    assert sum(ends) < 0.5
    assert torch.equal(y, pair[1].as_subclass(torch.Tensor))


def test_local_contrast_enhances_faint_structures(made: Phantom) -> None:
    faint = as_unit_pair(np.array(made.pixels // 8 + 100, dtype=np.uint8), made.mask)
    stronger = 0
    for seed in range(8):
        x, y = drawn(RandomLocalContrast(6.0), faint, seed)
        assert torch.equal(y, faint[1].as_subclass(torch.Tensor))
        stronger += bool(x.std() > 1.2 * faint[0].std())
    assert stronger >= 5
