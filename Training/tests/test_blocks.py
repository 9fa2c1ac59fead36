"""Recurrence, rotary positions, guidance switch, LM cache, quantiser (sections 1.3, 3, 4.5, 7)."""

import math

import pytest
import torch
import torch.nn.functional as F

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.layers import Attention, rotary_table, rotate
from nocturne_training.melody import Choice, generate_latents, generate_tokens
from nocturne_training.models.dpd import Dpd
from nocturne_training.models.dual_path import Positions, start_aligned
from nocturne_training.models.film import make_film
from nocturne_training.models.modules import build
from nocturne_training.models.rvq import CodebookAverage, nearest
from nocturne_training.models.sru import SruLayer

TINY = load("tiny")


def filled(name, dtype=torch.float32):
    module = build(name, TINY).eval()
    initialise(module, name, 1)
    return module.to(dtype)


def step_by_step(layer, x):
    """The equations of 7.1, one direction, row, step at a time."""
    rows, steps, dim = x.shape
    units, out = layer.units, torch.zeros_like(x)
    weight = layer.weight.view(2, units, 3, dim)
    for direction in range(2):
        order = range(steps) if direction == 0 else range(steps - 1, -1, -1)
        part = slice(direction * units, (direction + 1) * units)
        for row in range(rows):
            c = torch.zeros(units)
            for t in order:
                u = torch.einsum("umd,d->mu", weight[direction], x[row, t])
                f = torch.sigmoid(u[1] + layer.weight_c[0, direction] * c + layer.bias[0, direction])
                r = torch.sigmoid(u[2] + layer.weight_c[1, direction] * c + layer.bias[1, direction])
                c = f * c + (1 - f) * u[0]
                out[row, t, part] = r * c + (1 - r) * layer.alpha * x[row, t, part]
    return out


@torch.no_grad()
def test_sru_scan_equals_step_by_step():
    layer = filled("dpd").blocks[0].sru[0]
    x = torch.randn(2, 5, 96)
    assert torch.allclose(layer(x), step_by_step(layer, x), atol=1e-5)


@torch.no_grad()
def test_reversed_input_swaps_the_directions_of_a_symmetric_sru():
    layer = SruLayer(8, 4, 0.0)
    assert layer.alpha == math.sqrt(3)
    weight = layer.weight.view(2, 4, 3, 8)
    weight[1] = weight[0].roll(4, dims=-1)
    for parameter in (layer.weight_c, layer.bias):
        parameter[:, 1] = parameter[:, 0]
    x = torch.randn(1, 6, 8)
    swapped = layer(x.flip(1).roll(4, dims=-1))
    assert torch.allclose(swapped.flip(1).roll(4, dims=-1), layer(x), atol=1e-6)


def test_rotary_scores_do_not_change_with_a_common_shift():
    q, k = torch.randn(5, 32), torch.randn(7, 32)
    a, b = torch.rand(5) * 9, torch.rand(7) * 9
    plain = rotate(q, rotary_table(a, 32)) @ rotate(k, rotary_table(b, 32)).T
    shifted = rotate(q, rotary_table(a + 3.125, 32)) @ rotate(k, rotary_table(b + 3.125, 32)).T
    assert torch.allclose(plain, shifted, atol=1e-4)
    assert not torch.allclose(plain, q @ k.T, atol=1e-1)


@torch.no_grad()
def test_unconditional_velocity_sees_the_tokens_only_through_the_modulation():
    dpd = filled("dpd")
    z, angles = torch.randn(1, 40, 16), torch.full((1, 40), 0.9)
    ids = torch.arange(8)[None]
    condition, shuffled = dpd.condition(ids), dpd.condition(ids.flip(1))
    plain = dpd(z, angles, condition, conditional=False)
    assert torch.allclose(plain, dpd(z, angles, shuffled, conditional=False), atol=1e-5)
    assert not torch.allclose(dpd(z, angles, condition), dpd(z, angles, shuffled), atol=1e-2)
    assert not torch.allclose(plain, dpd(z, angles, dpd.condition(ids + 9), conditional=False), atol=1e-2)


@torch.no_grad()
def test_batched_latents_equal_single_ones():
    dpd, tokens, z = filled("dpd"), torch.randint(32, (3, 10)), torch.randn(3, 100, 16)
    together = generate_latents(dpd, tokens, z, 3)
    for row in range(3):
        alone = generate_latents(dpd, tokens[row : row + 1], z[row : row + 1], 3)
        assert torch.allclose(together[row : row + 1], alone, atol=1e-4)


def test_affine_modulation_and_the_initial_mlp_modulation():
    x, m = torch.randn(1, 2, 3, 8), torch.randn(1, 2, 8)
    affine = make_film("affine", 8, 1e-6)
    expected = affine.gamma(m)[:, :, None] * x + affine.beta(m)[:, :, None]
    assert torch.equal(affine(x, m), expected)
    mlp = make_film("mlp3", 8, 1e-6)
    assert (mlp.gamma(m) - 1).abs().max() < 0.1 and mlp.beta(m).abs().max() < 0.1


@torch.no_grad()
def test_cached_decoding_equals_teacher_forcing_in_any_batch():
    lm, codes = filled("lm"), torch.randint(16, (3, 4))
    tokens = generate_tokens(lm, codes, [4, 5, 6], 12, Choice())
    ids = torch.cat((lm.prefix(codes), tokens + TINY.semantic_start), dim=1)
    cache = []
    stepped = [lm(ids[:, :5], cache)[:, -1]] + [lm(ids[:, t : t + 1], cache)[:, 0] for t in range(5, 17)]
    assert torch.allclose(torch.stack(stepped, dim=1), lm(ids)[:, 4:], atol=1e-4)
    for row in range(3):
        assert torch.equal(generate_tokens(lm, codes[row : row + 1], [4 + row], 12, Choice())[0], tokens[row])


def test_quantiser_breaks_ties_downwards_and_learns():
    codebook = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert nearest(torch.tensor([[0.0, 1.0], [0.5, 0.5]]), codebook).tolist() == [1, 0]
    rvq = filled("rvq")
    x = F.normalize(torch.randn(6, 32), dim=-1)
    residual, codes = x, rvq.encode(x)
    for q in range(4):
        chosen = rvq.codebooks[q][codes[:, q]]
        assert torch.equal((residual[:, None] - rvq.codebooks[q]).norm(dim=-1).argmin(1), codes[:, q])
        residual = residual - chosen
    assert torch.allclose(x - rvq.decode(codes), residual, atol=1e-6)
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[3.0, 0.0], [0.0, 3.0], [-3.0, 0.0], [0.0, -3.0]])
    learner = CodebookAverage(torch.randn(4, 2, generator=generator))
    for _ in range(200):
        noise = 0.1 * torch.randn(64, 2, generator=generator)
        batch = centres[torch.randint(4, (64,), generator=generator)] + noise
        learner.update(batch, generator)
    assert torch.cdist(centres, learner.codebook).min(dim=1).values.max() < 0.3


def test_low_precision_runs_and_stays_close():
    z, angles, ids = torch.randn(1, 40, 16), torch.full((1, 40), 0.9), torch.arange(4)[None]
    with torch.no_grad():
        exact, rough = filled("dpd"), filled("dpd", torch.bfloat16)
        a = exact(z, angles, exact.condition(ids))
        b = rough(z.bfloat16(), angles, rough.condition(ids)).float()
    assert (a - b).norm() / a.norm() < 0.05


@pytest.mark.parametrize("causal", [False, True])
def test_attention_in_bf16_on_a_cpu_has_the_output_and_gradient_of_f32(causal):
    torch.manual_seed(1)
    attention, x = Attention(64, 4, bias=True), torch.randn(3, 7, 64)
    table = rotary_table(torch.arange(7, dtype=torch.float64), 16)

    def run(enabled):
        given = x.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            out = attention.attend(given, table, attention.keys_values(given, table), causal=causal)
        out.float().square().sum().backward()
        return out, given.grad

    (wanted, wanted_gradient), (found, gradient) = run(False), run(True)
    assert wanted.dtype == torch.float32 and found.dtype == torch.bfloat16
    for exact, rounded in ((wanted, found.float()), (wanted_gradient, gradient)):
        assert (rounded - exact).norm() < 0.02 * exact.norm()


@torch.no_grad()
def test_an_aligned_start_sees_the_tokens_of_its_own_time() -> None:
    network = Dpd(TINY)
    start_aligned(network)
    attention = network.blocks[1].roformer[0].cross_attention
    positions = Positions.make(80, 250, network.head_dim, torch.device("cpu"))
    keys, _ = attention.keys_values(torch.randn(1, 250, TINY.dpd.dim), positions.keys)
    values = torch.eye(250).expand(1, attention.heads, 250, 250)
    query = rotate(
        attention.q(torch.randn(1, 80, TINY.dpd.dim)).unflatten(-1, (attention.heads, -1)).transpose(1, 2),
        positions.queries,
    )
    weights = F.scaled_dot_product_attention(query, keys, values).mean(dim=1)[0]
    rows, tokens = torch.arange(80)[:, None] * 250 / 80, torch.arange(250)[None]
    near = ((tokens - rows).abs() < 8).float()
    assert float((weights * near).sum(dim=1)[5:-5].mean()) > 5 * float(near[5:-5].mean())
