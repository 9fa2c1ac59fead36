"""The encoder of a VAE-GAN whose training keeps it as it starts: known before the decoder has learned."""

from __future__ import annotations

from .context import Context
from .vae import VaeTask
from .weights import fill_from, write


def start(context: Context) -> None:
    """Writes the `vae_encoder` that the stage `vae` starts with, and ends with."""
    encoder = VaeTask(context).encoder
    fill_from(context.start, "vae_encoder", encoder)
    write(context.stage("encoder"), "vae_encoder", encoder)
