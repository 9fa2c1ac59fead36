"""Philox known answers (Salmon et al., 2011), streams, token sampling."""

import hashlib

import numpy as np
import pytest

from nocturne_training.random import noise, normal, philox, uniform, weight_lane, words
from nocturne_training.sampling import kept, probabilities, sample

KNOWN = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected):
    assert philox(np.array([counter], dtype=np.uint32), key)[0].tolist() == expected


def test_any_window_of_a_stream_is_the_same_stream():
    whole = normal(2**63 + 5, 2, 7, 0, 64)
    for first in range(9):
        for count in (1, 2, 5, 16):
            assert np.array_equal(normal(2**63 + 5, 2, 7, first, count), whole[first : first + count])
            expected = words(2**63 + 5, 2, 7, 0, 64)[first : first + count]
            assert np.array_equal(words(2**63 + 5, 2, 7, first, count), expected)


def test_seed_stage_lane_and_block_all_count():
    base = words(1, 1, 0, 0, 4).tolist()
    assert base != words(2, 1, 0, 0, 4).tolist()
    assert base != words(1 + 2**32, 1, 0, 0, 4).tolist()
    assert base != words(1, 2, 0, 0, 4).tolist()
    assert base != words(1, 1, 1, 0, 4).tolist()
    assert base != words(1, 1, 0, 2**34, 4).tolist()


def test_distributions():
    assert abs(uniform(3, 1, 0, 0, 100_000).mean() - 0.5) < 0.005
    values = normal(3, 2, 0, 0, 100_000)
    assert abs(values.mean()) < 0.01 and abs(values.std() - 1) < 0.01
    assert values.dtype == np.float32


def test_noise_of_a_frame_does_not_depend_on_the_clip():
    assert np.array_equal(noise(9, 20, 16)[13:17], noise(9, 4, 16, first_frame=13))


def test_weight_lane_is_the_digest_of_module_and_key():
    digest = hashlib.sha256(b"lm/norm.weight").digest()
    assert weight_lane("lm", "norm.weight") == int.from_bytes(digest[:4], "little")


def test_sampling_rules():
    logits = np.array([0.0, 2.0, 2.0, -1.0, 1.0], dtype=np.float32)
    assert sample(logits, 0.9, 0.0) == 1
    chances = probabilities(logits, 1.0)
    assert chances.sum() == pytest.approx(1.0)
    assert kept(chances, 1, 1.0).tolist() == [False, True, False, False, False]
    assert kept(chances, 3, 1.0).tolist() == [False, True, True, False, True]
    assert kept(chances, 0, float(chances[1]) * 0.99).sum() == 1
    assert kept(chances, 0, 0.8).tolist() == [False, True, True, False, True]
    assert kept(chances, 2, 0.999).tolist() == [False, True, True, False, False]
    assert [sample(logits, u, 1.0, top_k=2) for u in (0.0, 0.499, 0.501, 1.0)] == [1, 1, 2, 2]
    assert [sample(np.zeros(2, dtype=np.float32), u, 1.0) for u in (0.4999, 0.5)] == [0, 1]
    shares = np.bincount([sample(logits, u, 1.0) for u in uniform(5, 1, 0, 0, 4000)], minlength=5) / 4000
    assert np.abs(shares - chances).max() < 0.03
