"""Distance of two sets of embeddings as if both were Gaussian (Fréchet; Heusel et al., 2017)."""

from __future__ import annotations

import numpy as np


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """|m - m'|² + tr(S + S' - 2 (S S')^½) of two sets of vectors [N, D], [N', D]. Each needs two vectors at
    least; small sets lie farther apart than large ones, so compare distances of sets of about one size."""
    if len(one) < 2 or len(other) < 2:
        raise ValueError(f"frechet: {len(one)} and {len(other)} vectors; two are needed at least")
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    shift = first.mean(axis=0) - second.mean(axis=0)
    covariance, covariance2 = _covariance(first), _covariance(second)
    root = _root(covariance)
    # S S' has the eigenvalues of the symmetric S^½ S' S^½.
    values = np.linalg.eigvalsh(root @ covariance2 @ root)
    cross = np.sqrt(np.clip(values, 0.0, None)).sum()
    return float(shift @ shift + np.trace(covariance) + np.trace(covariance2) - 2.0 * cross)


def _covariance(vectors: np.ndarray) -> np.ndarray:
    return np.atleast_2d(np.cov(vectors, rowvar=False))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
