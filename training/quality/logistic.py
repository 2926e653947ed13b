"""Logistic regression with ridge penalty, by scikit-learn."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Vector = NDArray[np.float64]

_ITERATIONS = 2000
_TOLERANCE = 1e-7


def fit_logistic(
    features: Vector, targets: Vector, *, weights: Vector | None = None, ridge: float
) -> tuple[Vector, float]:
    """Fit a fractional logistic regression, with targets between 0 and 1 (Papke and Wooldridge, 1996).

    A target of 0.9 counts as 0.9 examples of the class 1 and 0.1 examples of the class 0.

    Args:
        features: ``(N, F)``.
        targets: ``(N,)`` in 0..1.
        weights: ``(N,)``; None is 1 for all.
        ridge: Factor of half the squared norm of the coefficients; the bias is not penalised.

    Returns:
        Coefficients ``(F,)`` and bias.
    """
    share = np.ones(len(targets)) if weights is None else weights
    coefficients, bias = _fit(
        np.vstack([features, features]),
        np.repeat([0, 1], len(targets)),
        np.concatenate([share * (1 - targets), share * targets]),
        ridge,
    )
    return coefficients[0], float(bias[0])


def fit_softmax(
    features: Vector, labels: NDArray[np.intp], *, classes: int, weights: Vector, ridge: float
) -> tuple[Vector, Vector]:
    """Fit a multinomial logistic regression.

    Args:
        features: ``(N, F)``.
        labels: ``(N,)``, the class of each example, from 0.
        classes: Number of classes K, at least three; some may have no example.
        weights: ``(N,)``.
        ridge: Factor of half the squared norm of the coefficients; the biases are not penalised.

    Returns:
        Coefficients ``(K, F)`` and biases ``(K,)``.
    """
    # An example of weight 0 for each class, so that scikit-learn knows of those that have none.
    return _fit(
        np.vstack([features, np.zeros((classes, features.shape[1]))]),
        np.concatenate([labels, np.arange(classes)]),
        np.concatenate([weights, np.zeros(classes)]),
        ridge,
    )


def _fit(features: Vector, labels: NDArray[np.intp], weights: Vector, ridge: float) -> tuple[Vector, Vector]:
    model = LogisticRegression(C=1 / ridge, max_iter=_ITERATIONS, tol=_TOLERANCE)
    model.fit(features, labels, sample_weight=weights)
    return model.coef_, model.intercept_
