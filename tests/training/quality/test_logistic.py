import numpy as np
import pytest

from training.quality.logistic import fit_logistic, fit_softmax


def test_known_coefficients_are_recovered() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 3))
    targets = 1 / (1 + np.exp(-(features @ [1.0, -2.0, 0.0] + 0.5)))
    coefficients, bias = fit_logistic(features, targets, ridge=1e-3)
    np.testing.assert_allclose(coefficients, [1, -2, 0], atol=1e-2)
    assert bias == pytest.approx(0.5, abs=1e-2)


def test_ridge_has_the_given_strength() -> None:
    """With one feature and a bias of 0, the gradient of the penalised likelihood is 0 at the solution."""
    features = np.array([[-1.0], [1.0]])
    (weight,), bias = fit_logistic(features, np.array([0.1, 0.9]), ridge=0.5)
    predicted = 1 / (1 + np.exp(-weight))
    assert bias == pytest.approx(0, abs=1e-5)
    assert 2 * (0.9 - predicted) == pytest.approx(0.5 * weight, abs=1e-4)


def test_weights_are_equivalent_to_repeats() -> None:
    rng = np.random.default_rng(1)
    features, targets = rng.normal(size=(50, 2)), rng.random(50)
    weights = rng.integers(1, 4, 50)
    weighted = fit_logistic(features, targets, weights=weights.astype(np.float64), ridge=1)
    repeated = fit_logistic(features.repeat(weights, axis=0), targets.repeat(weights), ridge=1)
    np.testing.assert_allclose(weighted[0], repeated[0], atol=1e-4)


def test_three_classes_are_separated() -> None:
    rng = np.random.default_rng(2)
    classes = np.repeat(np.arange(3), 50)
    features = np.array([[0, 4], [4, 0], [-4, -4]])[classes] + rng.normal(size=(150, 2))
    coefficients, biases = fit_softmax(features, classes, classes=3, weights=np.ones(150), ridge=1)
    assert ((features @ coefficients.T + biases).argmax(axis=1) == classes).all()


def test_class_without_examples_is_improbable_and_changes_no_other() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 3], 50)
    features = np.array([[0, 4], [4, 0], [0, 0], [-4, -4]])[labels] + 0.3 * rng.normal(size=(150, 2))
    coefficients, biases = fit_softmax(features, labels, classes=4, weights=np.ones(150), ridge=1)
    logits = features @ coefficients.T + biases
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert (shares / shares.sum(axis=1, keepdims=True))[:, 2].max() < 1e-3
    assert (logits.argmax(axis=1) == labels).all()
