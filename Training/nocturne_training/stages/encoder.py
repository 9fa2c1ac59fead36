"""The encoder of a VAE-GAN whose training keeps it as it starts: known before the decoder has learned."""

from __future__ import annotations

from .context import Context
from .vae import VaeTask
from .weights import fill, write


def start(context: Context) -> None:
    """Writes the `vae_encoder` that the stage `vae` starts with, and ends with."""
    encoder = VaeTask(context).encoder
    given = context.start / "vae_encoder.safetensors" if context.start else None
    if given is not None and given.exists():
        fill(encoder, given)
    write(context.stage("encoder"), "vae_encoder", encoder)
