from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from training.data.datasets import SegmentationDataset
from training.data.folders import Sample
from training.data.sampler import DrawnDataset, EpochSampler


class Numbers(SegmentationDataset):
    """Folders of these sizes; an image is its number and a random number."""

    def __init__(self, *sizes: int, weights: Sequence[float] | None = None) -> None:
        self.weights = tuple(weights or [1.0] * len(sizes))
        self.samples = [
            Sample(f"{source}-{number}", Path(), (), None, source)
            for source, size in enumerate(sizes)
            for number in range(size)
        ]

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.tensor(index), torch.rand(())


def sampler(
    *sizes: int, seed: int = 0, epoch: int = 0, exponent: float = 1.0, repeats: int = 1
) -> EpochSampler:
    made = EpochSampler(Numbers(*sizes), seed=seed, exponent=exponent, repeats=repeats)
    made.set_epoch(epoch)
    return made


def test_order_and_seeds_follow_from_seed_and_epoch() -> None:
    first = list(sampler(20, 30))
    torch.rand(100)
    assert list(sampler(20, 30)) == first


def test_earlier_epochs_do_not_matter() -> None:
    later = list(sampler(20, 30, epoch=5))
    going_on = sampler(20, 30)
    for epoch in range(6):
        going_on.set_epoch(epoch)
        drawn = list(going_on)
    assert drawn == later


@pytest.mark.parametrize("other", [{"seed": 1}, {"epoch": 1}])
def test_another_seed_or_epoch_is_another_order(other: dict[str, int]) -> None:
    first, second = list(sampler(50)), list(sampler(50, **other))
    assert [draw.sample for draw in first] != [draw.sample for draw in second]
    assert not {draw.seed for draw in first} & {draw.seed for draw in second}


def test_global_random_state_is_left_unchanged() -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    list(sampler(10))
    DrawnDataset(Numbers(10))[next(iter(sampler(10)))]
    assert torch.equal(torch.rand(3), expected)


def test_exponent_1_draws_every_image_once() -> None:
    assert sorted(draw.sample for draw in sampler(7, 90, 1)) == list(range(98))


def test_repeats_draw_every_image_equally_often() -> None:
    draws = list(sampler(7, 90, repeats=3))
    assert Counter(draw.sample for draw in draws) == dict.fromkeys(range(97), 3)
    assert len({draw.seed for draw in draws}) == 3 * 97


def test_each_draw_has_its_own_seed() -> None:
    assert len({draw.seed for draw in sampler(200)}) == 200


@pytest.mark.parametrize(
    ("sizes", "exponent", "expected"),
    [
        ((100, 400), 0.0, (250, 250)),
        ((100, 400), 0.5, (167, 333)),
        ((100, 400), 1.0, (100, 400)),
        ((3, 3, 4), 0.0, (3, 4, 3)),
        ((1, 999), 1.0, (1, 999)),
    ],
)
def test_folders_are_drawn_in_proportion_to_a_power_of_their_size(
    sizes: tuple[int, ...], exponent: float, expected: tuple[int, ...]
) -> None:
    made = sampler(*sizes, exponent=exponent)
    draws = list(made)
    assert len(made) == len(draws) == sum(sizes)
    source = [sample.source for sample in Numbers(*sizes).samples]
    counts = Counter(source[draw.sample] for draw in draws)
    assert tuple(counts[number] for number in range(len(sizes))) == expected


def test_images_of_a_folder_are_drawn_equally_often_within_one() -> None:
    counts = Counter(draw.sample for draw in sampler(10, 190, exponent=0.0))
    assert {counts[number] for number in range(10)} == {10}
    few = [counts[number] for number in range(10, 200)]
    assert max(few) - min(few) == 1


def test_folder_may_have_no_draws() -> None:
    assert {draw.sample for draw in sampler(1, 5000, exponent=2.0)} <= set(range(1, 5001))


def test_augmentation_follows_from_the_draw() -> None:
    dataset = DrawnDataset(Numbers(6))
    draws = list(sampler(6))
    first = [dataset[draw] for draw in draws]
    torch.rand(10)
    again = [dataset[draw] for draw in reversed(draws)][::-1]
    assert first == again
    assert len({float(value) for _, value in first}) == 6


def test_batches_are_the_draws_in_order() -> None:
    drawn = sampler(6)
    batches = DataLoader(DrawnDataset(Numbers(6)), batch_size=4, sampler=drawn)
    indices = [int(index) for x, _ in batches for index in x]
    assert indices == [draw.sample for draw in drawn]


def test_folder_of_half_the_weight_is_drawn_half_as_often() -> None:
    drawn = EpochSampler(Numbers(40, 40, weights=(1.0, 0.5)), seed=0, exponent=0.5)
    counts = Counter(draw.sample < 40 for draw in drawn)
    assert counts == {True: 53, False: 27}


def test_folder_of_weight_0_is_left_out() -> None:
    drawn = list(EpochSampler(Numbers(10, 10, weights=(1.0, 0.0)), seed=0, exponent=1.0))
    assert len(drawn) == 20
    assert all(draw.sample < 10 for draw in drawn)
