"""The whole measurement of a checkpoint, from captions to rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..corpus.dataset import Clip, Corpus
from ..stages.labels import complete
from .captions import Request, Traits, chosen, others
from .control import agreement, control_rows, phrasing_row, probe_rows, retold_rows, stated
from .embeddings import Embedded, Encoders, Fidelity
from .listening import hear
from .musiccaps import Foreign, foreign
from .probes import Probes, probes, true_traits
from .renders import Captions, Renderer, Run, Setting
from .rows import cycle_row, decoder_rows, frechet_rows, sound_rows
from .sound import Sound
from .table import Row

SCHEDULES = "linear", "uniform"
SETTINGS = tuple(Setting(steps, schedule) for schedule in SCHEDULES for steps in (5, 10, 20))
FOREIGN_BAR = 0.60


@dataclass(frozen=True)
class Plan:
    """What is measured and how much of it: `captions` of a held-out `split` and as many others at most, in
    `settings`, the first of which is the one that control and sound are judged at, and `retold` clips of the
    train split; with `control` how often clips are what captions ask for, and their cycle consistency,
    alone."""

    captions: int = 200
    foreign: int = 100
    retold: int = 100
    epochs: int = 30
    settings: Sequence[Setting] = SETTINGS
    split: str = "test"
    control: bool = False


@dataclass(frozen=True)
class Measured:
    """The table and, for each caption, what was asked for and heard."""

    rows: list[Row]
    clips: list[dict[str, Any]]


@dataclass(frozen=True)
class Measurement:
    """One checkpoint against one corpus; `say` is told what is being done. What takes long is kept on disk
    and found again: the probes by their corpus, the renders by executable, checkpoint and captions."""

    corpus: Corpus
    renderer: Renderer
    plan: Plan
    musiccaps: Path | None
    say: Callable[[str], None]

    def __call__(self) -> Measured:
        """Raises `CorpusError`, `CheckpointError` or `TrainingError`, one line each."""
        encoders = Encoders(self.renderer.model)
        wanted = [] if self.musiccaps is None else foreign(self.musiccaps, self.plan.foreign)
        judges = probes(self.renderer.out / "probes", self.corpus, self.plan.epochs, self.say)
        requests = chosen(self.held_out, self.plan.captions)
        captions = {request.clip.id: request.caption.text for request in requests}
        runs = {
            setting: self.renderer.render(self.plan.split, captions, setting)
            for setting in self.plan.settings
        }
        main = runs[self.plan.settings[0]]
        rows, clips = self._control(judges, requests, captions, main)
        rows += self._foreign(judges, wanted)
        if self.plan.control:
            self.say("embedding rendered and real clips")
            generated = encoders.hear(main.audio(captions))
            return Measured([*rows, self._cycle(encoders, requests, captions, generated)], clips)
        rows += self._spaces(encoders, requests, captions, runs)
        rows += self._decoder(encoders, judges)
        rows += self._retold(encoders, judges)
        rows += self._sound(captions, main, [request.clip for request in requests])
        return Measured(rows, clips)

    @property
    def held_out(self) -> Sequence[Clip]:
        """The clips whose captions are rendered."""
        return self.corpus.split(self.plan.split)

    def _control(
        self, judges: Probes, requests: list[Request], captions: Captions, run: Run
    ) -> tuple[list[Row], list[dict[str, Any]]]:
        self.say("listening to the rendered clips and to the real ones")
        asked = [request.asked for request in requests]
        generated = judges.judge(hear(run.audio(captions)))
        real = judges.judge(hear(request.clip.audio() for request in requests))
        clips = [
            {"id": r.clip.id, "caption": r.caption.text, "asked": a, "generated": g, "real": h}
            for r, a, g, h in zip(requests, asked, generated, real, strict=True)
        ]
        rows = control_rows(asked, generated, real, others(requests))
        heldout = [request.caption.heldout for request in requests]
        return [*rows, phrasing_row(heldout, asked, generated, real)], clips

    def _foreign(self, judges: Probes, wanted: list[Foreign]) -> list[Row]:
        if not wanted:
            return []
        captions = {caption.id: caption.caption for caption in wanted}
        run = self.renderer.render("musiccaps", captions, self.plan.settings[0])
        heard = judges.judge(hear(run.audio(captions)))
        asked = [Traits(family=caption.family) for caption in wanted]
        # The list is in no order that knows of families, so its reverse is a control.
        found, control = agreement(asked, heard, "family"), agreement(asked[::-1], heard, "family")
        met = found is not None and found >= FOREIGN_BAR
        bar = f"at least {FOREIGN_BAR:.0%}"
        name = "MusicCaps: family of the instrument"
        return [Row(name, found, None, control, stated(asked, "family"), bar, met, ".1%")]

    def _cycle(
        self, encoders: Encoders, requests: list[Request], captions: Captions, generated: Embedded
    ) -> Row:
        own = encoders.hear(request.clip.audio() for request in requests)
        return cycle_row(generated.mulan, own.mulan, encoders.read(captions.values()), others(requests))

    def _spaces(
        self, encoders: Encoders, requests: list[Request], captions: Captions, runs: dict[Setting, Run]
    ) -> list[Row]:
        self.say("embedding rendered and real clips")
        real = encoders.hear(clip.audio() for clip in self.held_out)
        generated = {setting: encoders.hear(run.audio(captions)) for setting, run in runs.items()}
        cycle = self._cycle(encoders, requests, captions, generated[self.plan.settings[0]])
        return [cycle, *frechet_rows(generated, real, self.plan.settings)]

    def _decoder(self, encoders: Encoders, judges: Probes) -> list[Row]:
        self.say("encoding and decoding real clips")
        clips: list[Clip] = [clip for clip in self.held_out if complete(clip)]
        through = list(encoders.decoded(clip.audio() for clip in clips))
        shift = len(clips) // 2
        own = Fidelity.of((clip.audio() for clip in clips), through)
        shuffled = Fidelity.of((clip.audio() for clip in clips), [*through[shift:], *through[:shift]])
        true = [true_traits(clip) for clip in clips]
        real, decoded = judges.judge(hear(clip.audio() for clip in clips)), judges.judge(hear(through))
        elsewhere = [(place + shift) % len(clips) for place in range(len(clips))]
        judged = probe_rows(true, real, decoded, elsewhere)
        return [*decoder_rows(own, shuffled, len(clips)), *judged]

    def _retold(self, encoders: Encoders, judges: Probes) -> list[Row]:
        """What rendering is made of are tokens of training clips: what these tell is heard in such clips."""
        self.say("telling training clips again from their own tokens")
        labelled = [clip for clip in self.corpus.split("train") if complete(clip)]
        clips = labelled[:: max(1, len(labelled) // self.plan.retold)][: self.plan.retold]
        steps = self.plan.settings[0].steps
        retold = judges.judge(hear(encoders.retold((clip.audio() for clip in clips), steps)))
        decoded = judges.judge(hear(encoders.decoded(clip.audio() for clip in clips)))
        return retold_rows([true_traits(clip) for clip in clips], retold, decoded)

    def _sound(self, captions: Captions, run: Run, clips: list[Clip]) -> list[Row]:
        generated = run.sounds(captions)
        real = [Sound.of(clip.audio()) for clip in clips]
        corpus = [Sound.of(clip.audio()) for clip in self.corpus.split("train")[:1000]]
        return sound_rows(generated, real, corpus)
