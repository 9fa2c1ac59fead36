"""The checkpoint's files and the networks behind them (section 13)."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from ..config import Config
from .dpd import Dpd
from .lm import Lm
from .mulan_audio import MulanAudio
from .mulan_text import MulanText
from .rvq import Rvq
from .tokenizer import Tokenizer
from .vae import VaeDecoder, VaeEncoder

BUILDERS: dict[str, Callable[[Config], nn.Module]] = {
    "mulan_text": lambda config: MulanText(config.mulan),
    "mulan_audio": lambda config: MulanAudio(config.mulan),
    "rvq": lambda config: Rvq(config.rvq, config.mulan),
    "tokenizer": lambda config: Tokenizer(config.tokenizer, config.semantic_vocab),
    "lm": Lm,
    "dpd": Dpd,
    "vae_encoder": VaeEncoder,
    "vae_decoder": VaeDecoder,
}
TEXT_TO_MUSIC = ("mulan_text", "rvq", "lm", "dpd", "vae_decoder")


def build(name: str, config: Config) -> nn.Module:
    """The network of checkpoint file `name`, with PyTorch's own random weights."""
    return BUILDERS[name](config)
