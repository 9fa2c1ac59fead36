"""What wav2vec 2.0 pre-training is made of (2.1, 2.2), against loops and finite differences."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.autograd import gradcheck

from nocturne_training.config import load
from nocturne_training.layers import rotary_table
from nocturne_training.models.conformer import SelfAttention
from nocturne_training.models.pretraining import PretrainingHeads, ProductQuantizer, perplexity
from nocturne_training.stages import masking
from nocturne_training.stages.tokenizer import ScaledGradient
from nocturne_training.trainer.randomness import generator

TINY = load("tiny").tokenizer
B, T, K = 2, 20, 7


def heads_and_input() -> tuple[PretrainingHeads, dict[str, Tensor]]:
    heads = PretrainingHeads(TINY).double()
    torch.nn.init.normal_(heads.quantizer.weight_proj.weight)
    states = torch.randn(B, T, TINY.dim, dtype=torch.float64)
    features = torch.randn(B, T, TINY.channels, dtype=torch.float64)
    masks = [masking.spans(T, 0.13, 5, generator(clip)) for clip in range(B)]
    others = [masking.distractors(mask, K, generator(clip)) for clip, mask in enumerate(masks)]
    noise = masking.gumbel((B, T, TINY.code_groups, TINY.group_codes), generator(9)).double()
    given = {"states": states, "features": features, "mask": torch.stack(masks)}
    return heads, given | {"distractors": torch.cat(others), "noise": noise}


def test_quantiser_chooses_hard_and_learns_softly() -> None:
    quantizer, tau = ProductQuantizer(TINY).double(), 0.7
    features = torch.randn(B, T, TINY.channels, dtype=torch.float64, requires_grad=True)
    noise = torch.randn(B, T, TINY.code_groups, TINY.group_codes, dtype=torch.float64)
    weight = torch.randn(B, T, TINY.code_dim, dtype=torch.float64)
    quantized = quantizer(features, tau, noise)
    (quantized.codes * weight).sum().backward()
    width = TINY.code_dim // TINY.code_groups
    vectors = quantizer.codevectors.detach()[0]
    soft = torch.zeros((), dtype=torch.float64)
    counts = torch.zeros_like(vectors)
    again = features.detach().requires_grad_()
    for b in range(B):
        for t in range(T):
            logits = quantizer.weight_proj(again[b, t])
            for g in range(TINY.code_groups):
                rows = slice(g * TINY.group_codes, (g + 1) * TINY.group_codes)
                part = slice(g * width, (g + 1) * width)
                noisy = (logits[rows] + noise[b, t, g]) / tau
                best = int(noisy.argmax())
                assert torch.allclose(quantized.codes[b, t, part], vectors[rows][best])
                counts[g * TINY.group_codes + best] += weight[b, t, part]
                chances = noisy.exp() / noisy.exp().sum()
                soft = soft + (chances @ vectors[rows] * weight[b, t, part]).sum()
    (gradient,) = torch.autograd.grad(soft, again)
    assert torch.allclose(features.grad, gradient, atol=1e-12)
    assert torch.allclose(quantizer.codevectors.grad[0], counts, atol=1e-12)


def test_contrast_equals_a_loop_over_masked_frames() -> None:
    heads, given = heads_and_input()
    heads.requires_grad_(False)
    found = heads(**given, temperature=0.7)
    quantized = heads.quantizer(given["features"], 0.7, given["noise"])
    row, total, correct, contested = 0, 0.0, 0, 0
    for b in range(B):
        for t in given["mask"][b].nonzero()[:, 0].tolist():
            context, own = heads.project_hid(given["states"][b, t]), quantized.indices[b, t]

            def cosine(frame: int, b: int = b, context: Tensor = context) -> float:
                target = heads.project_q(quantized.codes[b, frame])
                return float(context @ target / context.norm() / target.norm())

            frames = [
                f for f in given["distractors"][row].tolist() if not torch.equal(quantized.indices[b, f], own)
            ]
            others = [math.exp(cosine(f) / 0.1) for f in frames]
            mine = math.exp(cosine(t) / 0.1)
            total -= math.log(mine / (mine + sum(others)))
            contested += bool(others)
            correct += bool(others) and mine > max(others)
            row += 1
    assert row == len(given["distractors"])
    assert math.isclose(float(found.loss), total, rel_tol=1e-9)
    assert (int(found.correct), int(found.contested)) == (correct, contested)
    chances = heads.quantizer.weight_proj(given["features"]).unflatten(-1, found.usage.shape).softmax(-1)
    assert torch.allclose(found.usage, chances[given["mask"]].sum(0))
    assert found.chosen.sum(1).tolist() == [row, row]


def test_contrast_has_the_gradient_of_its_finite_differences() -> None:
    heads, given = heads_and_input()
    states = given.pop("states")
    assert gradcheck(lambda x: heads(x, **given, temperature=0.7).loss, states.clone().requires_grad_())
    weight = heads.project_q.weight.detach().clone().requires_grad_()

    def by_weight(value: Tensor) -> Tensor:
        arguments = given | {"states": states, "temperature": 0.7}
        return torch.func.functional_call(heads, {"project_q.weight": value}, (), arguments).loss

    assert gradcheck(by_weight, weight)


def test_a_collapsed_quantiser_is_seen() -> None:
    heads, given = heads_and_input()
    torch.nn.init.zeros_(heads.requires_grad_(False).quantizer.weight_proj.weight)
    found = heads(**given | {"noise": None}, temperature=0.5)
    assert float(found.loss) == 0 and int(found.contested) == int(found.correct) == 0
    assert round(float(perplexity(found.chosen / found.chosen.sum(1, keepdim=True)))) == TINY.code_groups
    even = torch.full((2, 8), 1 / 8)
    assert math.isclose(float(perplexity(even)), 16, rel_tol=1e-4)


def test_spans_begin_where_drawn_and_cover_about_half() -> None:
    starts = torch.rand(40, generator=generator("x")) < 0.13
    mask = masking.spans(40, 0.13, 5, generator("x"))
    assert mask.tolist() == [any(starts[max(0, t - 4) : t + 1]) for t in range(40)]
    share = torch.stack([masking.spans(250, 0.13, 5, generator(i)) for i in range(200)]).float().mean()
    assert abs(share - (1 - 0.87**5)) < 0.02
    least = masking.spans(30, 0.0, 5, generator(1))
    assert int(least.sum()) == 5


def test_distractors_are_other_masked_frames() -> None:
    mask = masking.spans(30, 0.1, 4, generator(3))
    frames = mask.nonzero()[:, 0]
    drawn = masking.distractors(mask, 400, generator(4))
    assert drawn.shape == (len(frames), 400)
    for frame, row in zip(frames.tolist(), drawn, strict=True):
        assert set(row.tolist()) == set(frames.tolist()) - {frame}


def test_gumbel_noise_has_its_moments() -> None:
    noise = masking.gumbel((200_000,), generator(5))
    assert abs(noise.mean() - 0.5772) < 0.02 and abs(noise.var() - math.pi**2 / 6) < 0.03


def test_attention_rotates_before_the_projections_and_not_the_values() -> None:
    dim, heads, frames = 8, 2, 5
    attention = SelfAttention(dim, heads).double()
    table = tuple(part.double() for part in rotary_table(torch.arange(frames), dim // heads))
    x = torch.randn(1, frames, dim, dtype=torch.float64)
    half = dim // heads // 2
    turned = x.clone()
    for t in range(frames):
        for h in range(heads):
            for j in range(half):
                a, b = h * 2 * half + j, h * 2 * half + half + j
                cos, sin = table[0][t, j], table[1][t, j]
                turned[0, t, a] = x[0, t, a] * cos - x[0, t, b] * sin
                turned[0, t, b] = x[0, t, b] * cos + x[0, t, a] * sin
    q, k, v = attention.linear_q(turned)[0], attention.linear_k(turned)[0], attention.linear_v(x)[0]
    mixed = torch.zeros(frames, dim, dtype=torch.float64)
    for h in range(heads):
        part = slice(h * 2 * half, (h + 1) * 2 * half)
        for t in range(frames):
            weights = torch.stack([q[t, part] @ k[s, part] for s in range(frames)]) / math.sqrt(2 * half)
            mixed[t, part] = weights.softmax(0) @ v[:, part]
    assert torch.allclose(attention(x, table)[0], attention.linear_out(mixed), atol=1e-12)
    assert gradcheck(lambda y: attention(y, table), x.requires_grad_())


def test_scaled_gradient_changes_the_gradient_alone() -> None:
    x = torch.randn(3, requires_grad=True)
    y = ScaledGradient.apply(x, 0.1)
    assert torch.equal(y, x)
    y.square().sum().backward()
    assert torch.allclose(x.grad, 0.2 * x.detach())
