"""VAE lengths, chunked decoding, weight norm, discriminators; audio tower, tokenizer (sections 1, 2, 5)."""

import math

import pytest
import torch

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.discriminators import MultiPeriodDiscriminator, MultiResolutionDiscriminator
from nocturne_training.models.filter_bank import filter_bank, mel_filters, resample
from nocturne_training.models.modules import build
from nocturne_training.models.pretraining import PretrainingHeads
from nocturne_training.models.residual import add_weight_norm, fold_weight_norm

TINY = load("tiny")


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 2, 3, 7, 20, 101])
def test_lengths_are_exact_multiples_of_the_hop(frames):
    z = torch.randn(1, frames, 16)
    assert build("vae_decoder", TINY)(z).shape == (1, 96 * frames)
    mean, log_variance = build("vae_encoder", TINY)(torch.randn(1, 96 * frames))
    assert mean.shape == log_variance.shape == (1, frames, 16)


@torch.no_grad()
def test_chunked_decoding_with_32_frames_of_overlap_is_exact():
    decoder = build("vae_decoder", TINY)
    initialise(decoder, "vae_decoder", 1)
    z = torch.tanh(torch.randn(1, 160, 16))
    whole, parts = decoder(z), []
    for start in range(0, 160, 40):
        low, high = max(0, start - 32), min(160, start + 72)
        parts.append(decoder(z[:, low:high])[:, (start - low) * 96 : (start - low + 40) * 96])
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


@torch.no_grad()
def test_weight_norm_folds_back_to_the_same_network_and_keys():
    decoder = build("vae_decoder", TINY)
    keys, z = decoder.state_dict().keys(), torch.randn(1, 4, 16)
    plain = decoder(z)
    add_weight_norm(decoder)
    assert decoder.state_dict().keys() != keys
    assert torch.allclose(decoder(z), plain, atol=1e-5)
    fold_weight_norm(decoder)
    assert decoder.state_dict().keys() == keys
    assert torch.allclose(decoder(z), plain, atol=1e-5)


@torch.no_grad()
def test_latents_are_clipped_thirds_of_the_mean():
    encoder = build("vae_encoder", TINY)
    audio = torch.randn(1, 960)
    assert torch.equal(encoder.latents(audio), (encoder(audio)[0] / 3).clamp(-1, 1))


@torch.no_grad()
def test_discriminators_judge_any_length():
    audio = torch.randn(2, 4099)
    judgements = MultiPeriodDiscriminator()(audio) + MultiResolutionDiscriminator()(audio)
    assert len(judgements) == 8
    assert all(score.shape[0] == 2 and len(features) == 6 for score, features in judgements)


def test_resampling_keeps_a_tone_and_removes_what_would_alias():
    t24, t16 = torch.arange(24_000) / 24_000, torch.arange(16_000) / 16_000
    tone = resample(torch.sin(2 * math.pi * 1000 * t24)[None])[0]
    assert tone.shape == (16_000,)
    assert (tone - torch.sin(2 * math.pi * 1000 * t16))[200:-200].abs().max() < 1e-3
    high = resample(torch.sin(2 * math.pi * 9500 * t24)[None])[0]
    assert high[200:-200].abs().max() < 1e-2


def test_filter_banks_pad_before_normalising():
    assert mel_filters(128).shape == (257, 128)
    mel = filter_bank(torch.randn(1, 16_000) * 0.1, 128, 1024)
    assert mel.shape == (1, 1024, 128)
    assert torch.allclose(mel[0, 98:], torch.tensor(0.467), atol=1e-3)


@torch.no_grad()
def test_audio_tower_and_tokenizer_shapes():
    audio = torch.randn(2, 24_000)
    tower = build("mulan_audio", TINY).eval()
    assert torch.allclose(tower(audio).norm(dim=-1), torch.ones(2))
    assert tower.long(torch.randn(300_000)).shape == (32,)
    tokenizer = build("tokenizer", TINY).eval()
    initialise(tokenizer, "tokenizer", 1)
    tokens = tokenizer.tokens(audio)
    assert tokens.shape == (2, 25) and tokens.max() < 32 and tokens.unique().numel() > 3
    for seconds in (1, 2, 10):
        assert tokenizer.extract(torch.randn(1, 24_000 * seconds)).shape == (1, 25 * seconds, 16)


def test_pretraining_loss_is_finite_and_has_gradients():
    torch.manual_seed(0)
    tokenizer, heads = build("tokenizer", TINY), PretrainingHeads(TINY.tokenizer)
    features = tokenizer.extract(torch.randn(2, 24_000))
    mask = torch.rand(2, 25) < 0.5
    states = tokenizer.encoder(
        torch.where(mask[..., None], tokenizer.masked_spec_embed, tokenizer.project(features))
    )
    distractors = torch.randint(0, 25, (int(mask.sum()), 10))
    noise = -torch.empty(2, 25, 2, 8).exponential_().log()
    loss = heads(states, features, mask, distractors, temperature=2.0, noise=noise).loss
    loss.backward()
    assert torch.isfinite(loss) and tokenizer.masked_spec_embed.grad.abs().sum() > 0
