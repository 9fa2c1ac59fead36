"""`python -m nocturne_training.bench`: times the text-to-music stages in eager PyTorch with random weights.

One clip of the configuration's length. The SRU scan is a plain loop of element-wise steps; attention is
`scaled_dot_product_attention`, keys and values of the semantic tokens are computed once per clip, the
language model keeps a key-value cache: an honest eager implementation, nothing compiled.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import nn

from .config import NAMED, Config, load
from .melody import Choice, generate_latents, generate_tokens
from .models.dpd import Dpd
from .models.modules import build

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
STAGES = ("text", "lm", "dpd", "vae")


@dataclass(frozen=True)
class Timing:
    """Seconds of one stage for one clip, and how they were found."""

    stage: str
    seconds_per_clip: float
    how: str


def filled(name: str, config: Config, dtype: torch.dtype) -> nn.Module:
    """A module with cheap random weights: norms stay 1, matrices keep activations near unit size."""
    with torch.device("meta"):
        module = build(name, config)
    module = module.to(dtype).to_empty(device="cpu").eval()
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.dim() < 2:
                tensor.fill_(1.0 if "norm" in key.lower() and key.endswith("weight") else 0.0)
            else:
                tensor.normal_(std=max(1, tensor[0].numel()) ** -0.5)
    return module


def timed(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@torch.inference_mode()
def time_text(config: Config, options: argparse.Namespace, dtype: torch.dtype) -> Timing:
    """Text tower over a caption of 64 tokens, best of three."""
    module = filled("mulan_text", config, dtype)
    ids = torch.randint(config.mulan.bert.vocab, (1, min(64, config.mulan.bert.max_tokens)))
    return Timing(
        "text", min(timed(lambda: module(ids)) for _ in range(3)), "one caption of 64 tokens, best of 3"
    )


@torch.inference_mode()
def time_lm(config: Config, options: argparse.Namespace, dtype: torch.dtype) -> Timing:
    """Semantic tokens of `--lm-batch` clips, per clip; with `--quick` a tenth of the tokens, spread over the
    clip."""
    module, batch, count = filled("lm", config, dtype), options.lm_batch, config.clip_tokens
    codes = torch.randint(config.rvq.codes, (batch, config.rvq.quantizers))
    generate_tokens(module, codes, list(range(batch)), 2, Choice())
    if not options.quick:
        seconds = timed(lambda: generate_tokens(module, codes, list(range(batch)), count, Choice()))
        return Timing("lm", seconds / batch, f"{count} tokens, batch {batch}, cached, sampling included")
    part = max(4, count // 10)
    short = timed(lambda: generate_tokens(module, codes, list(range(batch)), part, Choice()))
    first = timed(lambda: generate_tokens(module, codes, list(range(batch)), 1, Choice()))
    seconds = first + (short - first) / (part - 1) * (count - 1)
    return Timing(
        "lm", seconds / batch, f"quick: {part} of {count} tokens, batch {batch}, extrapolated linearly"
    )


@torch.inference_mode()
def time_dpd(config: Config, options: argparse.Namespace, dtype: torch.dtype) -> Timing:
    """All evaluations of one clip, or with `--quick` one guided step times the number of steps."""
    module = filled("dpd", config, dtype)
    assert isinstance(module, Dpd)
    tokens = torch.randint(config.semantic_vocab, (1, config.clip_tokens))
    z = torch.randn(1, config.clip_frames, config.latent_dim).to(dtype)
    guidance, steps = config.dpd.guidance, 1 if options.quick else options.steps
    generate_latents(module, tokens, z, 1, guidance=1.0)  # warm-up
    condition = timed(lambda: module.condition(tokens))
    seconds = timed(lambda: generate_latents(module, tokens, z, steps, guidance=guidance))
    pairs = f"guidance {guidance}, {options.steps} steps"
    if options.quick:
        seconds = condition + (seconds - condition) * options.steps
        return Timing("dpd", seconds, f"quick: one guided step measured, times {options.steps}; {pairs}")
    return Timing("dpd", seconds, pairs)


@torch.inference_mode()
def time_vae(config: Config, options: argparse.Namespace, dtype: torch.dtype) -> Timing:
    """Whole clip decoded at once, or with `--quick` one second of it."""
    module = filled("vae_decoder", config, dtype)
    frames = config.latent_rate if options.quick else config.clip_frames
    z = torch.rand(1, frames, config.latent_dim).to(dtype) * 2 - 1
    module(z[:, : config.latent_rate])  # warm-up
    seconds = timed(lambda: module(z)) * config.clip_frames / frames
    how = (
        f"quick: {frames} frames, times {config.clip_frames // frames}"
        if options.quick
        else "whole clip at once"
    )
    return Timing("vae", seconds, how)


TIMERS = {"text": time_text, "lm": time_lm, "dpd": time_dpd, "vae": time_vae}


def parse() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(prog="nocturne_training.bench", description=__doc__)
    parser.add_argument("--config", default="paper", help=f"{', '.join(NAMED)} or a config.json")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=DTYPES, default="bf16")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--stages", default=",".join(STAGES), help="comma-separated, of " + ", ".join(STAGES))
    parser.add_argument("--lm-batch", type=int, default=1, help="clips drawn together; the time is per clip")
    parser.add_argument("--quick", action="store_true", help="measure a part of each stage and extrapolate")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    unknown = set(options.stages.split(",")) - set(STAGES)
    if unknown:
        parser.error(f"unknown stages: {', '.join(sorted(unknown))}")
    return options


def main() -> int:
    """Prints seconds per clip and stage."""
    options = parse()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    config, dtype = load(options.config), DTYPES[options.dtype]
    timings = [TIMERS[stage](config, options, dtype) for stage in options.stages.split(",")]
    total = sum(timing.seconds_per_clip for timing in timings)
    settings = {
        "config": config.name,
        "dtype": options.dtype,
        "threads": options.threads,
        "steps": options.steps,
        "lm_batch": options.lm_batch,
        "quick": options.quick,
        "torch": torch.__version__,
        "mode": "eager; SRU scan is a plain loop",
    }
    if options.json:
        stages = [asdict(timing) for timing in timings]
        print(json.dumps({**settings, "stages": stages, "seconds_per_clip": total}, indent=1))
        return 0
    print(", ".join(f"{key} {value}" for key, value in settings.items()))
    for timing in timings:
        print(f"  {timing.stage:<6}{timing.seconds_per_clip:>10.3f} s   {timing.how}")
    print(f"  {'total':<6}{total:>10.3f} s   for {config.clip_seconds} s of audio")
    return 0


if __name__ == "__main__":
    sys.exit(main())
