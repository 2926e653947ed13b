"""Logistic regression with ridge penalty and fractional targets, by a general optimiser."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Vector = NDArray[np.float64]


def fit_logistic(
    features: Vector, targets: Vector, *, weights: Vector | None = None, ridge: float
) -> tuple[Vector, float]:
    """Fit a fractional logistic regression, with targets between 0 and 1 (Papke and Wooldridge, 1996).

    Args:
        features: ``(N, F)``.
        targets: ``(N,)`` in 0..1.
        weights: ``(N,)``; None is 1 for all.
        ridge: factor of half the squared norm of the coefficients; the bias is not penalised.

    Returns:
        Coefficients ``(F,)`` and bias.
    """
    coefficients, bias = fit_softmax(
        features, np.column_stack([1 - targets, targets]), weights=weights, ridge=2 * ridge
    )
    # A softmax of two classes is the logistic of their difference, which the ridge splits evenly.
    return coefficients[1] - coefficients[0], float(bias[1] - bias[0])


def fit_softmax(
    features: Vector, targets: Vector, *, weights: Vector | None = None, ridge: float
) -> tuple[Vector, Vector]:
    """Fit a multinomial logistic regression.

    Args:
        features: ``(N, F)``.
        targets: ``(N, K)`` shares of each class, adding up to 1.
        weights: ``(N,)``; None is 1 for all.
        ridge: factor of half the squared norm of the coefficients; the biases are not penalised.

    Returns:
        Coefficients ``(K, F)`` and biases ``(K,)``.
    """
    count, size = features.shape
    classes = targets.shape[1]
    share = np.ones(count) if weights is None else weights
    design = np.column_stack([features, np.ones(count)])

    def objective(flat: Vector) -> tuple[float, Vector]:
        coefficients = flat.reshape(classes, size + 1)
        logits = design @ coefficients.T
        logits -= logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss = -float((share * (targets * (logits - total)).sum(axis=1)).sum())
        gradient = ((np.exp(logits - total) - targets) * share[:, None]).T @ design
        loss += 0.5 * ridge * float((coefficients[:, :-1] ** 2).sum())
        gradient[:, :-1] += ridge * coefficients[:, :-1]
        return loss, gradient.ravel()

    found = minimize(
        objective,
        np.zeros(classes * (size + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "ftol": 1e-10, "gtol": 1e-6},
    )
    solution = found.x.reshape(classes, size + 1)
    return solution[:, :-1], solution[:, -1]
