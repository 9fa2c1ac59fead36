"""`python -m nocturne_training.count --config NAME`: parameters and multiply-accumulates of one clip."""

from __future__ import annotations

import argparse
import json
import sys

import torch
from torch import nn

from . import costs
from .config import NAMED, Config, load
from .models.modules import BUILDERS, TEXT_TO_MUSIC, build


def parameters(module: nn.Module) -> int:
    """Trainable and reserved parameters; buffers are not counted."""
    return sum(parameter.numel() for parameter in module.parameters())


def module_parameters(config: Config) -> dict[str, int]:
    """Parameters per checkpoint file, an external text encoder included; nothing is allocated."""
    with torch.device("meta"):
        return {name: parameters(build(name, config)) for name in BUILDERS}


def stored_parameters(config: Config, counts: dict[str, int]) -> int:
    """Parameters that the text-to-music files of a checkpoint hold (without an external text encoder)."""
    total = sum(counts[name] for name in TEXT_TO_MUSIC)
    if config.mulan.bert.external is not None:
        total -= counts["mulan_text"] - config.mulan.dim * (config.mulan.bert.dim + 1)
    return total


def clip_costs(config: Config, steps: int, caption_tokens: int) -> dict[str, int]:
    """Multiply-accumulates per stage of one clip."""
    dpd = costs.dpd(config, config.clip_frames, config.clip_tokens)
    guided = config.dpd.guidance != 1.0
    return {
        "text tower": costs.bert(config.mulan.bert, caption_tokens),
        "semantic LM": costs.lm(config, config.clip_tokens),
        "DPD condition (once)": dpd.condition,
        "DPD coarse, conditional": dpd.coarse,
        "DPD coarse, unconditional": dpd.coarse_unconditional,
        "DPD fine": dpd.fine,
        f"DPD, {steps} steps" + (", guided" if guided else ""): dpd.clip(steps, guided=guided),
        "VAE decoder": costs.vae_decoder(config, config.clip_frames),
    }


def total_cost(stages: dict[str, int]) -> int:
    """The stages that make a clip, without the parts that are also listed on their own."""
    return sum(value for name, value in stages.items() if not name.startswith(("DPD c", "DPD f")))


def main() -> int:
    """Prints a table, or JSON with `--json`."""
    parser = argparse.ArgumentParser(prog="nocturne_training.count", description=__doc__)
    parser.add_argument("--config", default="paper", help=f"{', '.join(NAMED)} or a config.json")
    parser.add_argument("--steps", type=int, default=5, help="diffusion steps (5)")
    parser.add_argument("--caption-tokens", type=int, default=64, help="length of the caption (64)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    config = load(arguments.config)
    counts = module_parameters(config)
    stages = clip_costs(config, arguments.steps, arguments.caption_tokens)
    stored, total = stored_parameters(config, counts), total_cost(stages)
    if arguments.json:
        print(
            json.dumps(
                {"parameters": counts, "stored": stored, "macs": stages, "total_macs": total}, indent=1
            )
        )
        return 0
    print(f"config {config.name}")
    for name, value in counts.items():
        print(f"  {name:<28}{value:>16,}{'' if name in TEXT_TO_MUSIC else '   (not in text to music)'}")
    print(f"  {'text to music, stored':<28}{stored:>16,}   {stored * 2 / 1e6:.1f} MB at 16 bits")
    print(f"multiply-accumulates for {config.clip_seconds} s, G")
    for name, value in stages.items():
        print(f"  {name:<28}{value / 1e9:>16,.3f}")
    print(f"  {'total':<28}{total / 1e9:>16,.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
