"""Every operation of the diffusion network against finite differences in double precision, and the SRU's
hand-written backward pass against automatic differentiation of a plain loop."""

import pytest
import torch
from torch.autograd import gradcheck
from torch.func import functional_call

from nocturne_training.layers import MLP, RMSNorm, rotary_table, rotate
from nocturne_training.models.dpd import Angle
from nocturne_training.models.dual_path import Positions, RoformerLayer
from nocturne_training.models.film import make_film
from nocturne_training.models.segments import merge, overlap_add, repeat, segment
from nocturne_training.models.sru import SruLayer
from nocturne_training.models.sru_scan import scan


def leaf(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def check_module(module, *inputs, run=None):
    """Finite differences in the inputs and in every parameter."""
    module.double()
    names = [name for name, _ in module.named_parameters()]
    values = [torch.randn_like(value).requires_grad_() for value in module.parameters()]

    def function(*tensors):
        given = dict(zip(names, tensors[len(inputs) :], strict=True))
        if run is None:
            return functional_call(module, given, tensors[: len(inputs)])
        return functional_call(Runner(module, run), {f"module.{k}": v for k, v in given.items()}, tensors)

    assert gradcheck(function, (*inputs, *values))


class Runner(torch.nn.Module):
    """Lets `functional_call` reach another method than `forward`."""

    def __init__(self, module, run):
        super().__init__()
        self.module, self.run = module, run

    def forward(self, *tensors):
        return self.run(self.module, *tensors)


@pytest.mark.parametrize(("frames", "size"), [(9, 4), (8, 4), (1, 4)])
def test_segmentation_and_overlap_add(frames, size):
    assert gradcheck(lambda x: segment(x, size), (leaf(2, frames, 2),))
    rows = torch.randn_like(segment(leaf(1, frames, 2), size)).requires_grad_()
    assert gradcheck(lambda rows: overlap_add(rows, frames), (rows,))


@pytest.mark.parametrize("window", [2, 4, 8])
def test_merging_and_repeating_of_columns(window):
    assert gradcheck(lambda rows: merge(rows, window), (leaf(1, 2, 8, 2),))
    columns = torch.randn_like(merge(leaf(1, 2, 8, 2), window)).requires_grad_()
    assert gradcheck(lambda columns: repeat(columns, window, 8), (columns,))


def plain_scan(candidate, forget_in, forget_c):
    """The recurrence under automatic differentiation."""
    cells = [torch.zeros_like(candidate[0])]
    for x, a in zip(candidate, forget_in, strict=True):
        forget = torch.sigmoid(a + forget_c * cells[-1])
        cells.append(forget * cells[-1] + (1 - forget) * x)
    return torch.stack(cells)


def test_scan_and_its_gradient_equal_the_plain_loop():
    inputs = leaf(7, 2, 3, 4), leaf(7, 2, 3, 4), leaf(2, 1, 4)
    assert gradcheck(scan, inputs)
    found, expected = scan(*inputs), plain_scan(*inputs)
    assert torch.allclose(found, expected, atol=1e-14)
    # Unequal weights for every cell, so that each gradient must arrive at its own step.
    weights = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-12)


def step_by_step(x, weight, weight_c, bias, alpha):
    """The equations of 7.1, one row, direction, step at a time, x [B, K, D]."""
    rows, steps, dim = x.shape
    units = dim // 2
    matrices = weight.view(2, units, 3, dim)
    out = []
    for row in range(rows):
        halves = []
        for direction in range(2):
            c, cells = torch.zeros(units, dtype=x.dtype), {}
            part = slice(direction * units, (direction + 1) * units)
            for t in range(steps) if direction == 0 else reversed(range(steps)):
                u = torch.einsum("umd,d->mu", matrices[direction], x[row, t])
                f = torch.sigmoid(u[1] + weight_c[0, direction] * c + bias[0, direction])
                r = torch.sigmoid(u[2] + weight_c[1, direction] * c + bias[1, direction])
                c = f * c + (1 - f) * u[0]
                cells[t] = r * c + (1 - r) * alpha * x[row, t, part]
            halves.append(torch.stack([cells[t] for t in range(steps)]))
        out.append(torch.cat(halves, dim=-1))
    return torch.stack(out)


def test_sru_layer():
    layer = SruLayer(6, 3, -0.5).double()
    with torch.no_grad():
        layer.bias.normal_()
    x, weights = leaf(2, 5, 6), torch.randn(2, 5, 6, dtype=torch.float64)
    expected = step_by_step(x, layer.weight, layer.weight_c, layer.bias, layer.alpha)
    inputs = (x, *layer.parameters())
    assert torch.allclose(layer(x), expected, atol=1e-14)
    for a, b in zip(
        torch.autograd.grad((layer(x) * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-12)
    check_module(SruLayer(4, 2, 0.0), leaf(2, 3, 4))


def test_norm_and_mlp():
    check_module(RMSNorm(4), leaf(3, 4))
    check_module(MLP(3, 4, 1e-6), leaf(2, 3))


@pytest.mark.parametrize("kind", ["mlp3", "affine"])
def test_modulation(kind):
    check_module(make_film(kind, 3, 1e-6), leaf(1, 2, 2, 3), leaf(1, 2, 3))


def test_rotary_positions():
    table = rotary_table(torch.tensor([0.0, 0.5, 3.125]), 4)
    assert gradcheck(lambda x: rotate(x, table), (leaf(2, 3, 4),))


@pytest.mark.parametrize("conditional", [True, False])
def test_attention_of_the_roformer_layer(conditional):
    """Two clips of two columns each; the tokens' gradient runs through keys and values."""
    positions = Positions.make(3, 4, 4, torch.device("cpu"))

    def run(layer, x, tokens, *_):
        semantic = layer.cross_attention.keys_values(tokens, positions.keys) if conditional else None
        return layer(x, positions, semantic)

    check_module(RoformerLayer(4, 1, 3, 1e-6), leaf(4, 3, 4), leaf(2, 4, 4), run=run)


def test_angle_blend():
    angles = (torch.rand(2, 3, dtype=torch.float64) * 1.5).requires_grad_()

    def run(module, angles, *_):
        return module.blend(angles)

    check_module(Angle(4, 3, 1e-6), angles, run=run)
    angle = Angle(4, 3, 1e-6).double()
    repeated = torch.tensor([[0.3, 0.3, 1.2, 0.3]], dtype=torch.float64)
    names, values = zip(*angle.named_parameters(), strict=True)
    assert gradcheck(lambda *v: functional_call(angle, dict(zip(names, v, strict=True)), (repeated,)), values)
