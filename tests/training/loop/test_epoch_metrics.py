import pytest
import torch

from training.data.datasets import IGNORE, NOT_LUNG
from training.loop.epoch_metrics import ImageMetrics, mean_metrics


def test_metrics_equal_values_computed_by_hand() -> None:
    # Predicted: lung in three of four pixels, then in none.
    predicted = torch.tensor([[[1, 1], [1, 0]], [[0, 0], [0, 0]]])
    logits = torch.stack([1 - predicted, predicted], dim=1).float()
    truth = torch.tensor([[[1, 0], [1, 1]], [[0, 0], [0, IGNORE]]])
    metrics = ImageMetrics()
    metrics.add(torch.tensor(0.4), logits, truth)
    metrics.add(torch.tensor(0.1), logits[1:], torch.tensor([[[1, 0], [0, 0]]]))
    means = mean_metrics([metrics.rows()])
    assert means.loss == pytest.approx((0.4 + 0.4 + 0.1) / 3)
    assert means.pixel_accuracy == pytest.approx((2 / 4 + 3 / 3 + 3 / 4) / 3)
    assert means.iou == pytest.approx((2 / 4 + 1 + 0) / 3)


def test_iou_is_the_mean_over_the_foreground_classes() -> None:
    predicted = torch.tensor([[[1, 1], [2, 2]]])
    logits = torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).float()
    metrics = ImageMetrics()
    metrics.add(torch.tensor(0.0), logits, torch.tensor([[[1, 0], [2, 2]]]))
    assert mean_metrics([metrics.rows()]).iou == pytest.approx((1 / 2 + 1) / 2)


def test_image_of_ignored_pixels_alone_has_accuracy_and_iou_1() -> None:
    metrics = ImageMetrics()
    metrics.add(torch.tensor(0.0), torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2), IGNORE))
    assert mean_metrics([metrics.rows()]).pixel_accuracy == mean_metrics([metrics.rows()]).iou == 1


def test_image_without_a_heart_mask_counts_the_lungs_alone() -> None:
    predicted = torch.tensor([[[1, 1], [2, 0]]])
    logits = torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2).float()
    metrics = ImageMetrics()
    metrics.add(torch.tensor(0.0), logits, torch.tensor([[[1, NOT_LUNG], [NOT_LUNG, NOT_LUNG]]]))
    means = mean_metrics([metrics.rows()])
    assert means.iou == pytest.approx(1 / 2)
    assert means.pixel_accuracy == pytest.approx(3 / 4)
