from __future__ import annotations

import numpy as np

from nocturne_training.information import entropy, mutual_information


def test_codes_that_name_the_label_tell_all_of_it() -> None:
    labels = np.tile([0, 1, 2, 3], 50)
    assert abs(mutual_information(labels + 3, labels) - 2.0) < 1e-12
    assert abs(entropy(labels) - 2.0) < 1e-12


def test_independent_codes_tell_nothing_and_half_the_codes_half() -> None:
    labels = np.repeat([0, 1, 2, 3], 4)
    assert abs(mutual_information(np.tile([0, 1, 2, 3], 4), labels)) < 1e-12
    assert abs(mutual_information(labels // 2, labels) - 1.0) < 1e-12


def test_an_uneven_pair_equals_the_sum_by_hand() -> None:
    codes, labels = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    expected = 0.5 * np.log2(0.5 / (0.75 * 0.5)) + 0.25 * np.log2(0.25 / (0.75 * 0.5)) + 0.25 * np.log2(2.0)
    assert abs(mutual_information(codes, labels) - expected) < 1e-12
