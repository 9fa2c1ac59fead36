"""Composes a whole piece: form, harmony, melody and accompaniment from one random stream."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

from . import arrangement
from .arrangement import Bass, Comping
from .harmony import FUNCTIONS, chord, functional
from .instruments import INSTRUMENTS, Instrument
from .melody import Melodist
from .ornament import graced, in_thirds
from .score import SIXTEENTHS_PER_BEAT, Note, Part, Score, Span
from .styles import STYLES, Role, Style

FORMS = ("AABA", "AABB", "ABAB", "ABAC", "AABC", "ABCA")
POLYPHONIC = ("piano", "guitar", "organ", "accordion", "plucked", "mallets")
HARMONISING = (*POLYPHONIC, "synth lead", "strings", "brass")


def compose(random: Random, seconds: float) -> Score:
    """A piece of at least `seconds`; equal states of `random` give equal pieces."""
    return _Composer(random, STYLES[random.choice(sorted(STYLES))], seconds).compose()


class _Composer:
    def __init__(self, random: Random, style: Style, seconds: float) -> None:
        self.random, self.style, self.bar = random, style, style.bar
        self.mode = _weighted(random, style.modes)
        self.tonic = random.randrange(12)
        self.bpm = round(random.triangular(*style.tempo))
        self.space = _weighted(random, style.spaces)
        self.colour = random.choice(style.colours)
        bar_seconds = self.bar * 60 / (self.bpm * SIXTEENTHS_PER_BEAT[style.metre])
        self.bars_wanted = seconds / bar_seconds
        self.spans: list[Span] = []
        self.dynamics: list[tuple[int, float]] = []

    def compose(self) -> Score:
        self._choose_players()
        sections = self._sections()
        place = self._intro(sections[0][0])
        intro = place
        loudest = self.random.choice(range(1, len(sections))) if len(sections) > 1 else 0
        for index, (letter, closed) in enumerate(sections):
            lift = (
                1.1
                if index == loudest
                else self.random.uniform(0.9, 1.0)
                if index
                else self.random.uniform(0.78, 0.95)
            )
            place = self._section(letter, closed, place, index, lift)
        length = self._ending(place)
        parts = [part for part in self.parts.values() if part.notes]
        harmony = (self.tonic, self.mode)
        return Score(
            self.style, self.bpm, *harmony, self.space, parts, self.spans, length, intro, self.dynamics
        )

    def _choose_players(self) -> None:
        random, style = self.random, self.style
        lead = _lead(style.lead.instruments, random)
        self.solo = lead.family in POLYPHONIC and random.random() < style.solo
        self.parts = {"lead": Part("lead", lead)}
        low, high = _tessitura(lead, random)
        self.melodists = {"lead": Melodist(style.lead, style.metre, self.bar, low, high, random)}
        used = {lead.name}

        def hire(role: str, wanted: Role, chance: float) -> Instrument | None:
            names = [n for n in wanted.instruments if n not in used or wanted.same]
            if not names or random.random() >= chance:
                return None
            chosen = INSTRUMENTS[random.choice(names)]
            used.add(chosen.name)
            self.parts[role] = Part(role, chosen)
            return chosen

        floor = low if low > 62 else max(low, 60)
        self.comping = self.bass = None
        if self.solo:
            self.parts["chords"] = Part("chords", lead)
            self.comping = Comping(style.chords, lead, min(floor, 67))
        elif chords := hire("chords", style.chords, style.chords.chance):
            self.comping = Comping(style.chords, chords, floor)
        if not self.solo:
            hire("pad", style.pad, style.pad.chance if self.comping else 1.0)
            if bass := hire("bass", style.bass, style.bass.chance):
                self.bass = Bass(style.bass, bass, random)
            if style.drums.kits and random.random() < style.drums.chance:
                self.parts["drums"] = Part("drums", INSTRUMENTS[random.choice(style.drums.kits)])
            second = [n for n in style.lead.instruments if n not in used]
            if second and random.random() < 0.3:
                player = _lead(second, random)
                self.parts["second lead"] = Part("second lead", player)
                low, high = _tessitura(player, random)
                self.melodists["second lead"] = Melodist(style.lead, style.metre, self.bar, low, high, random)
        self.material: dict[str, dict] = {}
        # Sections whose melody is played in two voices.
        self.doubled = random.choice(("", "", "", "B", "B", "AB", "C"))

    def _sections(self) -> list[tuple[str, bool]]:
        """Letters with whether the section closes on the tonic, enough of them for the length wanted."""
        form = self.random.choice(FORMS)
        sections: list[tuple[str, bool]] = []
        bars = 0
        while bars < self.bars_wanted:
            letter = form[len(sections) % len(form)]
            sections.append((letter, len(sections) % 2 == 1))
            bars += len(self._material(letter)["open"])
        sections[-1] = (sections[-1][0], True)
        return sections

    def _material(self, letter: str) -> dict:
        """Chords, motifs and patterns of a section, made when first asked for."""
        if letter not in self.material:
            style, random = self.style, self.random
            loops = style.loops[self.mode]
            if random.random() < style.loop_share:
                bars = [text.split() for text in random.choice(loops).split("|")]
                closing = _closed(bars, self.mode, random)
            else:
                bars, closing = (
                    functional(self.mode, end, random, style.busy_harmony) for end in (False, True)
                )
            limit = max(2, min(len(bars), round(self.bars_wanted)))
            self.material[letter] = {
                "open": bars[:limit],
                "closed": closing[-limit:],
                "motifs": {role: melodist.motifs() for role, melodist in self.melodists.items()},
                "chords": random.choice(style.chords.patterns),
                "bass": random.choice(style.bass.patterns),
                "groove": random.choice(style.drums.grooves) if style.drums.grooves else {},
            }
        return self.material[letter]

    def _lay(self, bars: list[list[str]], place: int) -> int:
        """Adds the chords of bars from `place` on and returns the end."""
        for bar in bars:
            share = self.bar // len(bar)
            for index, symbol in enumerate(bar):
                length = share if index < len(bar) - 1 else self.bar - share * (len(bar) - 1)
                built = chord(symbol, self.tonic, self.mode, self.colour)
                self.spans.append(Span(place, length, built))
                place += length
        return place

    def _intro(self, letter: str) -> int:
        if self.solo or not self.comping or self.random.random() > 0.35:
            return 0
        count = self.random.choice((1, 2, 2, 4))
        seconds_each = self.bar * 60 / (self.bpm * SIXTEENTHS_PER_BEAT[self.style.metre])
        while count > 1 and count * seconds_each > 5:
            count //= 2
        bars = self._material(letter)["open"]
        end = self._lay((bars * 4)[:count], 0)
        self.dynamics.append((0, 0.84))
        layers = [role for role in ("chords", "bass", "pad", "drums") if role in self.parts]
        active = {role for role in layers if role == "chords" or self.random.random() < 0.6}
        self._accompany(letter, 0, end, active, fill=False, crash=False)
        return end

    def _section(self, letter: str, closed: bool, place: int, index: int, lift: float) -> int:
        material = self._material(letter)
        bars = material["closed" if closed else "open"]
        end = self._lay(bars, place)
        self.dynamics.append((place, lift))
        layers = {role for role in ("chords", "bass", "pad", "drums") if role in self.parts}
        if index == 0 and len(layers) > 2:
            layers -= {role for role in ("drums", "pad", "bass") if self.random.random() < 0.2}
        self._accompany(letter, place, end, layers, fill=closed, crash=index > 0 and index % 2 == 0)
        answers = "second lead" in self.melodists and letter != "A"
        role = "second lead" if answers else "lead"
        melodist = self.melodists[role]
        notes = melodist.phrase(self.spans, place, len(bars), closed, material["motifs"][role])
        gate = self.style.lead.gate
        player = self.parts[role].instrument
        if letter in self.doubled and player.family in HARMONISING:
            notes = in_thirds(notes, self.spans, player)
        else:
            notes = graced(notes, self.spans, player, self.style.lead.graces, self.random)
        self.parts[role].notes += [
            Note(n.start, max(0.6, n.length * gate), n.pitch, round(n.velocity * self.style.lead.dynamics))
            for n in notes
        ]
        return end

    def _accompany(
        self, letter: str, place: int, end: int, active: set[str], fill: bool, crash: bool
    ) -> None:
        material, random, style = self.material[letter], self.random, self.style
        if "chords" in active and self.comping:
            notes = self.comping.write(self.spans, place, end, material["chords"], 74)
            gate = 1.0 if style.chords.ring else style.chords.gate
            self.parts["chords"].notes += [
                Note(n.start, max(0.5, n.length * gate), n.pitch, n.velocity + random.randint(-5, 5))
                for n in notes
            ]
        if "pad" in active:
            player = self.parts["pad"].instrument
            self.parts["pad"].notes += arrangement.pad(style.pad, player, self.spans, place, end, 68)
        if "bass" in active and self.bass:
            self.parts["bass"].notes += self.bass.write(self.spans, place, end, material["bass"], 84)
        if "drums" in active:
            crashing = crash and self.parts["drums"].instrument.name in (
                "standard kit",
                "room kit",
                "power kit",
            )
            filling = fill and random.random() < 0.6
            bars = (end - place) // self.bar
            self.parts["drums"].notes += arrangement.drums(
                material["groove"], place, bars, self.bar, filling, crashing, random
            )

    def _ending(self, place: int) -> int:
        """One bar of the tonic chord, held by everyone."""
        tonic = FUNCTIONS[self.mode]["T"][0]
        end = self._lay([[tonic]], place)
        home = self.spans[-1].chord
        lead = self.parts["lead"]
        melodist = self.melodists["lead"]
        roots = [p for p in home.tones(melodist.low, melodist.high) if p % 12 == home.root]
        pitch = min(roots, key=lambda p: abs(p - melodist.place))
        lead.notes.append(Note(place, self.bar, pitch, 82))
        if self.comping:
            notes = [Note(place, self.bar, p, 74) for p in self.comping.voices(home)]
            self.parts["chords"].notes += notes
        if "pad" in self.parts:
            player = self.parts["pad"].instrument
            self.parts["pad"].notes += arrangement.pad(self.style.pad, player, self.spans, place, end, 66)
        if self.bass:
            self.parts["bass"].notes += self.bass.write(
                self.spans, place, end, "R" + "-" * (self.bar - 1), 84
            )
        if "drums" in self.parts and "kick" in self.material["A"]["groove"]:
            self.parts["drums"].notes.append(Note(place, 1, arrangement.DRUMS["kick"], 92))
        self.dynamics.append((place, 0.96))
        return end


def _lead(names: Sequence[str], random: Random) -> Instrument:
    """A family first, then one of it, so that small families are heard nearly as often as large ones."""
    sizes = Counter(INSTRUMENTS[name].family for name in names)
    families = sorted(sizes)
    family = random.choices(families, [math.sqrt(sizes[name]) for name in families])[0]
    return INSTRUMENTS[random.choice([name for name in names if INSTRUMENTS[name].family == family])]


def _weighted(random: Random, weights: dict[str, int]) -> str:
    names = sorted(weights)
    return random.choices(names, [weights[name] for name in names])[0]


def _tessitura(player: Instrument, random: Random) -> tuple[int, int]:
    """An octave and a half of the player's range, most often in its middle."""
    span = min(player.high - player.low, random.randint(15, 20))
    low = round(random.triangular(player.low, player.high - span))
    # Wide instruments lead above their own accompaniment most of the time.
    if player.high - player.low > 30:
        low = max(low, min(player.high - span, 60 if random.random() < 0.8 else 50))
    # Low instruments leave room for a bass.
    low = min(max(low, 43), player.high - 12)
    return low, min(low + span, player.high)


def _closed(bars: list[list[str]], mode: str, random: Random) -> list[list[str]]:
    """The loop with its last bar at home, and a dominant before it."""
    functions = FUNCTIONS[mode]
    closing = [list(bar) for bar in bars]
    closing[-1] = [functions["T"][0]]
    if len(closing) > 2 and closing[-2][-1][0] not in "Vvb":
        closing[-2] = [*closing[-2][:1], random.choice(functions["D"])]
    return closing
