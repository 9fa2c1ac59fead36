"""Adversarial, feature matching and Kullback-Leibler losses of the VAE-GAN (5.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.discriminators import Judgement


def discriminator(real: list[Judgement], generated: list[Judgement]) -> Tensor:
    """Sum over sub-discriminators of mean (1 - D(x))^2 + mean D(xhat)^2"""
    return torch.stack(
        [
            (1.0 - r).square().mean() + g.square().mean()
            for (r, _), (g, _) in zip(real, generated, strict=True)
        ]
    ).sum()


def generator(generated: list[Judgement]) -> Tensor:
    """Sum over sub-discriminators of mean (D(xhat) - 1)^2"""
    return torch.stack([(score - 1.0).square().mean() for score, _ in generated]).sum()


def features(real: list[Judgement], generated: list[Judgement]) -> Tensor:
    """Feature matching: per sub-discriminator the mean over its layers of the mean absolute difference,
    summed"""
    total = []
    for (_, ours), (_, theirs) in zip(real, generated, strict=True):
        layers = [(a.detach() - b).abs().mean() for a, b in zip(ours, theirs, strict=True)]
        total.append(torch.stack(layers).mean())
    return torch.stack(total).sum()


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, I)), mean over elements"""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()
