import pytest
import torch

from training.data.datasets import IGNORE, NOT_LUNG
from training.loop.epoch_metrics import Tally, figures_of


def test_figures_worked_out_by_hand() -> None:
    # Predicted: lung in three of four pixels, then in none.
    predicted = torch.tensor([[[1, 1], [1, 0]], [[0, 0], [0, 0]]])
    logits = torch.stack([1 - predicted, predicted], dim=1).float()
    truth = torch.tensor([[[1, 0], [1, 1]], [[0, 0], [0, IGNORE]]])
    tally = Tally()
    tally.add(0.4, logits, truth)
    tally.add(0.1, logits[1:], torch.tensor([[[1, 0], [0, 0]]]))
    figures = figures_of([tally.images()])
    assert figures.loss == pytest.approx((0.4 + 0.4 + 0.1) / 3)
    assert figures.pixel_accuracy == pytest.approx((2 / 4 + 3 / 3 + 3 / 4) / 3)
    assert figures.iou == pytest.approx((2 / 4 + 1 + 0) / 3)


def test_iou_is_the_mean_over_the_foreground_classes() -> None:
    predicted = torch.tensor([[[1, 1], [2, 2]]])
    logits = torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).float()
    tally = Tally()
    tally.add(0.0, logits, torch.tensor([[[1, 0], [2, 2]]]))
    assert figures_of([tally.images()]).iou == pytest.approx((1 / 2 + 1) / 2)


def test_an_image_of_nothing_but_ignored_pixels_is_no_mistake() -> None:
    tally = Tally()
    tally.add(0.0, torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2), IGNORE))
    assert figures_of([tally.images()]).pixel_accuracy == figures_of([tally.images()]).iou == 1


def test_without_a_mask_of_the_heart_the_lungs_alone_count() -> None:
    predicted = torch.tensor([[[1, 1], [2, 0]]])
    logits = torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).float()
    tally = Tally()
    tally.add(0.0, logits, torch.tensor([[[1, NOT_LUNG], [NOT_LUNG, NOT_LUNG]]]))
    figures = figures_of([tally.images()])
    assert figures.iou == pytest.approx(1 / 2)
    assert figures.pixel_accuracy == pytest.approx(3 / 4)
