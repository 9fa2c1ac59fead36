"""Parameter counts and multiply-accumulates against the specification (sections 0, 4.7, 10)."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nocturne_training import costs
from nocturne_training.config import load
from nocturne_training.count import clip_costs, module_parameters, parameters, stored_parameters, total_cost
from nocturne_training.models.discriminators import MultiPeriodDiscriminator, MultiResolutionDiscriminator
from nocturne_training.models.modules import build
from nocturne_training.models.pretraining import PretrainingHeads


def test_paper_counts_are_those_of_section_10():
    counts = module_parameters(load("paper"))
    assert counts["mulan_text"] + counts["mulan_audio"] == 195_275_776
    assert counts["lm"] == 429_968_384
    assert counts["tokenizer"] == 200_639_872
    assert counts["dpd"] == 295_754_240
    assert counts["vae_encoder"] == 40_308_928
    assert counts["vae_decoder"] == 60_963_265
    assert counts["rvq"] == 1_572_864


def test_parts_that_only_training_needs_have_the_published_size():
    with torch.device("meta"):
        assert parameters(PretrainingHeads(load("paper").tokenizer)) == 672_896
        assert parameters(MultiPeriodDiscriminator()) == 41_092_165
        assert parameters(MultiResolutionDiscriminator()) == 280_419


def test_paper_costs_are_those_of_section_4_7():
    config = load("paper")
    cost = costs.dpd(config, 2500, 250)
    assert round((cost.coarse + cost.condition) / 1e9) == 535
    assert cost.fine / 1e9 == pytest.approx(193, rel=0.01)
    assert costs.vae_decoder(config, 250) / 1e9 == pytest.approx(119, rel=0.01)
    assert costs.lm(config, 250) / 1e12 == pytest.approx(0.11, rel=0.02)


def test_demo_fits_its_budgets():
    config = load("demo")
    assert stored_parameters(config, module_parameters(config)) * 2 <= 60_000_000
    assert total_cost(clip_costs(config, 5, 64)) <= 250e9
    assert costs.vae_decoder(config, config.latent_rate) <= 3e9


@torch.inference_mode()
def test_counted_operations_are_those_that_run():
    config = load("tiny")
    dpd, cost = build("dpd", config), costs.dpd(config, 160, 16)
    z, angles = torch.randn(1, 160, 16), torch.full((1, 160), 0.7)
    with FlopCounterMode(display=False) as counter:
        condition = dpd.condition(torch.zeros(1, 16, dtype=torch.long))
    assert counter.get_total_flops() == 2 * cost.condition
    for conditional, coarse in ((True, cost.coarse), (False, cost.coarse_unconditional)):
        # The counter misses the CPU's fused attention.
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            dpd(z, angles, condition, conditional=conditional)
        assert counter.get_total_flops() == 2 * (coarse + cost.fine + cost.ends)
    decoder = build("vae_decoder", config)
    with FlopCounterMode(display=False) as counter:
        decoder(z)
    assert counter.get_total_flops() == 2 * costs.vae_decoder(config, 160)
