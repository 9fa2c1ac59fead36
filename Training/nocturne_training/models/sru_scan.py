"""The recurrence of the simple recurrent unit (7.1) with a gradient written by hand.

Automatic differentiation of the loop allocates a zero tensor of the whole sequence for every step it reads;
here the backward pass is one fused multiply-add a step, and everything else is element-wise over all steps.

Letters: K steps, 2 directions, B rows, U units.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, candidate: Tensor, forget_in: Tensor, forget_c: Tensor) -> Tensor:
        cells = candidate.new_empty(candidate.shape[0] + 1, *candidate.shape[1:])
        forget = torch.empty_like(candidate)
        cells[0].zero_()
        for x, a, f, c, following in zip(candidate, forget_in, forget, cells, cells[1:], strict=False):
            torch.addcmul(a, forget_c, c, out=f).sigmoid_()
            torch.lerp(x, c, f, out=following)
        ctx.save_for_backward(candidate, forget_c, forget, cells)
        return cells

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        candidate, forget_c, forget, cells = ctx.saved_tensors
        # dc_t/da_t, with which dc_t/dc_{t-1} = f_t + v_f dc_t/da_t.
        by_forget_in = (cells[:-1] - candidate).mul_(forget).mul_(1.0 - forget)
        by_cell = torch.addcmul(forget, forget_c, by_forget_in)
        total = gradient.clone(memory_format=torch.contiguous_format)
        for step in range(candidate.shape[0] - 1, -1, -1):
            total[step].addcmul_(total[step + 1], by_cell[step])
        onward = total[1:]
        to_forget_in = by_forget_in.mul_(onward)
        to_forget_c = torch.einsum("kdbu,kdbu->du", to_forget_in, cells[:-1])[:, None]
        return (1.0 - forget).mul_(onward), to_forget_in, to_forget_c


def scan(candidate: Tensor, forget_in: Tensor, forget_c: Tensor) -> Tensor:
    """c_t = f_t c_{t-1} + (1 - f_t) u_t with f_t = sigmoid(a_t + v_f c_{t-1}) and c_0 = 0: `candidate` u and
    `forget_in` a, both [K, 2, B, U] in the order of the recurrence, and `forget_c` v_f [2, 1, U] -> c_0...c_K
    [K + 1, 2, B, U]"""
    return _Scan.apply(candidate, forget_in, forget_c)
