"""What discrete codes tell about labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mutual_information(codes: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Mutual information of two equally long series of small numbers, in bits; the plug-in estimate, which is
    too high by about (codes - 1) (labels - 1) / (2 N ln 2), so compare it with that of shuffled labels."""
    joint = np.zeros((int(codes.max()) + 1, int(labels.max()) + 1))
    np.add.at(joint, (codes, labels), 1.0)
    joint /= joint.sum()
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log2(joint[seen] / independent[seen])).sum())


def entropy(labels: NDArray[np.int64]) -> float:
    """Entropy of a series of small numbers, in bits: the most that codes can tell about it."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())
