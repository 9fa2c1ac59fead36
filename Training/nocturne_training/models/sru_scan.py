"""The recurrence of the simple recurrent unit (7.1) with a gradient written by hand.

Automatic differentiation keeps several tensors a step and, where the loop indexes the sequence, allocates a
zero tensor of the whole sequence for every step it reads. This keeps gates and cells only.

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
        to_candidate, to_forget_in = torch.empty_like(candidate), torch.empty_like(candidate)
        to_cell, kept, slope, to_forget_c = (torch.zeros_like(candidate[0]) for _ in range(4))
        steps = zip(candidate, forget, cells, gradient[1:], to_candidate, to_forget_in, strict=False)
        # Step by step, as a step's values stay in the cache from one operation to the next.
        for x, f, c, g, to_x, to_a in reversed(list(steps)):
            to_cell.add_(g)
            torch.mul(to_cell, f, out=kept)
            torch.sub(to_cell, kept, out=to_x)
            torch.sub(c, x, out=slope)
            torch.mul(slope.mul_(f), to_x, out=to_a)
            to_forget_c.addcmul_(to_a, c)
            torch.addcmul(kept, forget_c, to_a, out=to_cell)
        return to_candidate, to_forget_in, to_forget_c.sum(dim=1, keepdim=True)


def scan(candidate: Tensor, forget_in: Tensor, forget_c: Tensor) -> Tensor:
    """c_t = f_t c_{t-1} + (1 - f_t) u_t with f_t = sigmoid(a_t + v_f c_{t-1}) and c_0 = 0: `candidate` u and
    `forget_in` a, both [K, 2, B, U] in the order of the recurrence, and `forget_c` v_f [2, 1, U] -> c_0...c_K
    [K + 1, 2, B, U]"""
    return _Scan.apply(candidate, forget_in, forget_c)
