"""Fréchet distance against its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from nocturne_training.measure.frechet import frechet

RANDOM = np.random.default_rng(7)


def _with_moments(count: int, mean: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Vectors whose sample mean and covariance are exactly these."""
    raw = RANDOM.normal(size=(count, len(mean)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    return white * deviations + mean


def test_gaussians_with_aligned_axes_have_the_closed_distance() -> None:
    mean, other_mean = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0])
    deviations, other_deviations = np.array([1.0, 2.0, 0.5]), np.array([3.0, 2.0, 1.0])
    expected = np.square(mean - other_mean).sum() + np.square(deviations - other_deviations).sum()
    one, other = _with_moments(50, mean, deviations), _with_moments(80, other_mean, other_deviations)
    assert frechet(one, other) == pytest.approx(expected, rel=1e-9)


def test_a_rotation_of_both_sets_changes_nothing_and_of_one_does() -> None:
    one = _with_moments(40, np.zeros(3), np.array([3.0, 1.0, 0.2]))
    turn, other_turn = (np.linalg.qr(RANDOM.normal(size=(3, 3)))[0] for _ in range(2))
    other = _with_moments(40, np.zeros(3), np.array([1.0, 2.0, 0.7])) @ other_turn
    assert frechet(one @ turn, other @ turn) == pytest.approx(frechet(one, other), rel=1e-9)
    assert abs(frechet(one @ turn, other) - frechet(one, other)) > 1e-3


def test_skewed_axes_have_the_distance_of_the_matrix_root() -> None:
    one = _with_moments(40, np.zeros(2), np.array([3.0, 1.0]))
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2.0)
    other = one @ turn
    # Of two by two, tr (S S')^½ is sqrt(tr S S' + 2 sqrt(det S S')).
    product = np.cov(one, rowvar=False) @ np.cov(other, rowvar=False)
    root = np.sqrt(np.trace(product) + 2.0 * np.sqrt(np.linalg.det(product)))
    assert frechet(one, other) == pytest.approx(2.0 * (9.0 + 1.0) - 2.0 * root, rel=1e-9)


def test_a_set_is_at_no_distance_from_itself_even_with_fewer_vectors_than_dimensions() -> None:
    vectors = RANDOM.normal(size=(5, 12))
    assert frechet(vectors, vectors) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="two are needed"):
        frechet(vectors[:1], vectors)
