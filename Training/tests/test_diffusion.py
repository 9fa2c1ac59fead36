"""Schedules, sampler, segmentation, merging (sections 4.1, 4.4, 4.5, 6.2, 10)."""

import math

import pytest
import torch

from nocturne_training.models.segments import (
    merge,
    merge_window,
    merged_columns,
    overlap_add,
    padding,
    repeat,
    segment,
    segment_count,
)
from nocturne_training.sampler import guided, sample
from nocturne_training.schedule import angles, steps


@pytest.mark.parametrize("kind", ["linear", "uniform"])
def test_steps_sum_to_a_quarter_turn(kind):
    for count in range(1, 1001):
        assert abs(math.fsum(steps(kind, count)) - math.pi / 2) < 1e-12


def test_five_linear_steps_visit_the_listed_angles():
    expected = [1.570796, 1.117011, 0.733038, 0.418879, 0.174533, 0.0]
    assert angles("linear", 5) == pytest.approx(expected, abs=1e-6)
    for count, ratio in ((5, 2.6), (10, 3.4), (20, 4.04)):
        values = steps("linear", count)
        assert values[0] / values[-1] == pytest.approx(ratio, abs=0.01)


def test_paper_segmentation():
    assert segment_count(2500, 64) == 80
    assert padding(2500, 64) == (32, 60)
    columns = [merged_columns(64, merge_window(index, 8)) for index in range(8)]
    assert columns == [64, 32, 16, 8, 8, 16, 32, 64]
    assert [merged_columns(16, merge_window(index, 4)) for index in range(4)] == [16, 8, 8, 16]


@pytest.mark.parametrize(("frames", "size"), [(2500, 64), (160, 16), (100, 16), (1, 16), (7, 4)])
def test_overlap_add_of_segments_is_twice_the_input(frames, size):
    x = torch.randn(2, frames, 3)
    rows = segment(x, size)
    assert rows.shape == (2, segment_count(frames, size), size, 3)
    assert torch.equal(overlap_add(rows, frames), 2 * x)


def test_segments_are_windows_of_the_padded_sequence():
    x = torch.arange(1.0, 21.0)[None, :, None]
    rows = segment(x, 8)[0, :, :, 0]
    assert rows[0].tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert rows[1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert rows[-1].tolist() == [17, 18, 19, 20, 0, 0, 0, 0]


@pytest.mark.parametrize("index", range(8))
def test_merge_averages_and_repeat_restores_the_length(index):
    window = merge_window(index, 8)
    stride, rows = window // 2, torch.ones(1, 3, 64, 2)
    merged = merge(rows, window)
    assert merged.shape == (1, 3, merged_columns(64, window), 2)
    padded = torch.zeros(64 + 2 * window)
    padded[stride // 2 : stride // 2 + 64] = 1
    expected = [padded[k * stride : k * stride + window].mean().item() for k in range(merged.shape[2])]
    assert merged[0, 0, :, 0].tolist() == expected
    assert all(value == 1 for value in expected[1:-2])
    repeated = repeat(merged, window, 64)
    assert repeated.shape == rows.shape
    assert torch.equal(repeated[:, :, stride], merged[:, :, 1])


@pytest.mark.parametrize("kind", ["linear", "uniform"])
@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_oracle_velocity_recovers_the_latents(kind, guidance):
    z, noise = torch.randn(1, 30, 4).double().float(), torch.randn(1, 30, 4)

    def oracle(noisy, angle, conditional):
        return angle.cos()[..., None] * noise - angle.sin()[..., None] * z

    for count in (1, 5, 20):
        found = sample(oracle, noise, count, schedule=kind, guidance=guidance)
        assert torch.allclose(found, z, atol=1e-5)


def test_guidance_moves_from_the_unconditional_velocity_past_the_conditional_one():
    def velocity(noisy, angle, conditional):
        return torch.full_like(noisy, 3.0 if conditional else 1.0)

    z, angle = torch.zeros(1, 2, 4), torch.zeros(1, 2)
    for scale, expected in ((2.5, 6.0), (1.0, 3.0), (0.0, 1.0)):
        assert torch.equal(guided(velocity, z, angle, scale), torch.full_like(z, expected))


def test_frozen_frames_do_not_move_and_are_marked_by_angle_zero():
    z, frozen, seen = torch.randn(1, 40, 4), torch.arange(40) < 30, []

    def velocity(noisy, angle, conditional):
        seen.append(angle[0])
        return torch.randn_like(noisy)

    found = sample(velocity, z, 5, frozen=frozen)
    assert torch.equal(found[:, :30], z[:, :30]) and not torch.allclose(found[:, 30:], z[:, 30:])
    assert all((angle[:30] == 0).all() and (angle[30:] > 0).all() for angle in seen)
