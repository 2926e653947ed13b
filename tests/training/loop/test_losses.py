import math

import pytest
import torch

from training.data.datasets import IGNORE, NOT_LUNG
from training.loop.losses import distillation_loss, loss_of

# One image of 2 by 2 pixels. Softmax makes these logits the probabilities of lung 3/4, 3/4, 1/4 and 1/2.
LOGITS = torch.tensor([[[[0.0, 0.0], [math.log(3), 0.0]], [[math.log(3), math.log(3)], [0.0, 0.0]]]])
TARGET = torch.tensor([[[1, 0], [0, 1]]])


def test_cross_entropy() -> None:
    expected = -(math.log(3 / 4) + math.log(1 / 4) + math.log(3 / 4) + math.log(1 / 2)) / 4
    assert loss_of(LOGITS, TARGET, dice_weight=0).item() == pytest.approx(expected)


def test_dice_is_added_to_cross_entropy() -> None:
    # Overlap 3/4 + 1/2; sum of the prediction 9/4, of the truth 2; one added to both for empty masks.
    dice = (2 * 5 / 4 + 1) / (9 / 4 + 2 + 1)
    difference = loss_of(LOGITS, TARGET, dice_weight=2) - loss_of(LOGITS, TARGET, dice_weight=0)
    assert difference.item() == pytest.approx(2 * (1 - dice))


def test_ignored_pixels_do_not_change_the_loss() -> None:
    target = TARGET.clone()
    target[0, 0, 1] = IGNORE
    entropy = -(math.log(3 / 4) + math.log(3 / 4) + math.log(1 / 2)) / 3
    assert loss_of(LOGITS, target, dice_weight=0).item() == pytest.approx(entropy)
    dice = (2 * 5 / 4 + 1) / (6 / 4 + 2 + 1)
    assert loss_of(LOGITS, target, dice_weight=1).item() == pytest.approx(entropy + 1 - dice)


def test_ignored_pixels_have_no_gradient() -> None:
    target = TARGET.clone()
    target[0, 0, 1] = IGNORE
    logits = LOGITS.clone().requires_grad_()
    loss_of(logits, target, dice_weight=1).backward()
    assert logits.grad is not None
    assert logits.grad[0, :, 0, 1].abs().sum() == 0
    assert bool((logits.grad[0, :, 0, 0] != 0).all())


@pytest.mark.parametrize("dice_weight", [0.0, 1.0])
def test_loss_of_ignored_pixels_alone_is_0(dice_weight: float) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = loss_of(logits, torch.full_like(TARGET, IGNORE), dice_weight=dice_weight)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0


def test_dice_is_the_mean_over_the_foreground_classes() -> None:
    # Sure of class 1 everywhere, in truth half of it is class 2: their Dice are 2/3 and 0, and one is
    # added to each sum.
    logits = torch.full((1, 3, 2, 2), -50.0)
    logits[:, 1] = 50.0
    target = torch.tensor([[[1, 1], [2, 2]]])
    difference = loss_of(logits, target, dice_weight=1) - loss_of(logits, target, dice_weight=0)
    assert difference.item() == pytest.approx(1 - ((2 * 2 + 1) / (4 + 2 + 1) + 1 / (2 + 1)) / 2, abs=1e-5)


def test_loss_of_a_perfect_mask_is_0() -> None:
    logits = torch.stack([1 - TARGET, TARGET], dim=1) * 60.0
    assert loss_of(logits, TARGET, dice_weight=1).item() == pytest.approx(0, abs=1e-6)


def test_half_precision_logits_are_computed_in_float32() -> None:
    full = loss_of(LOGITS, TARGET, dice_weight=1)
    half = loss_of(LOGITS.bfloat16(), TARGET, dice_weight=1)
    assert half.dtype == torch.float32
    assert half.item() == pytest.approx(full.item(), rel=0.01)


def test_pixels_near_a_boundary_count_more() -> None:
    # A boundary down the middle; the band about it is a 64th of the side on either side.
    target = torch.zeros(1, 128, 128, dtype=torch.long)
    target[:, :, 64:] = 1
    logits = torch.zeros(1, 2, 128, 128)
    logits[:, 1, :, 62:66] = math.log(3)
    band, rest = (math.log(4) + math.log(4 / 3)) / 2, math.log(2)
    plain = (4 * band + 124 * rest) / 128
    heavy = (4 * 3 * band + 124 * rest) / (4 * 3 + 124)
    assert loss_of(logits, target, dice_weight=0).item() == pytest.approx(plain)
    assert loss_of(logits, target, dice_weight=0, boundary_weight=2).item() == pytest.approx(heavy)


def test_boundary_weights_leave_ignored_pixels_out() -> None:
    target = torch.zeros(1, 8, 8, dtype=torch.long)
    target[:, :, 4:] = 1
    target[:, :4] = IGNORE
    logits = torch.zeros(1, 2, 8, 8)
    logits[:, 1, :4] = 50.0
    value = loss_of(logits, target, dice_weight=0, boundary_weight=3)
    assert value.item() == pytest.approx(math.log(2))


def test_background_and_heart_are_both_right_at_not_lung_pixels() -> None:
    # Probabilities of background, lung and heart: 1/6, 1/2, 1/3.
    logits = torch.tensor([1 / 6, 1 / 2, 1 / 3]).log().view(1, 3, 1, 1).requires_grad_()
    loss = loss_of(logits, torch.full((1, 1, 1), NOT_LUNG), dice_weight=0)
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert logits.grad is not None
    background, lung, heart = logits.grad.flatten().tolist()
    assert lung > 0
    # Between background and heart nothing changes: their probabilities move in proportion.
    assert background / heart == pytest.approx((1 / 6) / (1 / 3))


def test_dice_of_the_heart_leaves_out_what_may_be_heart() -> None:
    logits = torch.full((2, 3, 1, 2), -50.0)
    logits[:, 2] = 50.0
    annotated, unannotated = torch.tensor([[[1, 2]]]), torch.tensor([[[1, NOT_LUNG]]])
    target = torch.cat([annotated, unannotated])
    difference = loss_of(logits, target, dice_weight=1) - loss_of(logits, target, dice_weight=0)
    # Lung: nothing found of two pixels. Heart: one of the three pixels that are known to be heart or
    # not, and were called heart.
    assert difference.item() == pytest.approx(1 - (1 / (2 + 1) + (2 + 1) / (4 + 1)) / 2, abs=1e-5)


def test_distillation_is_cross_entropy_with_the_teacher_s_probabilities() -> None:
    lung = torch.tensor([[[0.5, 1.0], [0.0, 0.2]]])
    entropies = [
        -(0.5 * math.log(3 / 4) + 0.5 * math.log(1 / 4)),
        -math.log(1 / 4),
        -math.log(1 / 4),
        -math.log(1 / 2),
    ]
    student = torch.tensor([[3 / 4, 1 / 4], [3 / 4, 1 / 2]])
    logits = torch.stack([torch.zeros(2, 2), (student / (1 - student)).log()])[None]
    loss = distillation_loss(logits, torch.stack([1 - lung, lung], dim=1))
    assert loss.item() == pytest.approx(sum(entropies) / 4)
