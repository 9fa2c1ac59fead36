"""A small phrase grammar: `[a|b]` chooses one alternative (they nest), `{slot}` is filled with a fact."""

from __future__ import annotations

import re
from random import Random

SLOT = re.compile(r"\{(\w+)\}")
INNERMOST = re.compile(r"\[([^\[\]]*)\]")
# Words that begin with a vowel's letter but not its sound, and the reverse.
CONSONANT_SOUND = ("uni", "use", "eu", "one", "uk")
VOWEL_SOUND = re.compile(r"(?:[aeiou]|FM\b|8)", re.IGNORECASE)


def choose(template: str, random: Random) -> str:
    """Resolves every alternative, innermost first."""
    while match := INNERMOST.search(template):
        template = template[: match.start()] + random.choice(match[1].split("|")) + template[match.end() :]
    return template


def slots(text: str) -> list[str]:
    """The names of the slots, in order."""
    return SLOT.findall(text)


def sentence(text: str) -> str:
    """Clean spacing, right articles, a capital letter and a full stop."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.])", r"\1", text)
    # "A synth lead lead" says it once.
    text = re.sub(r"\b(\w+) \1\b", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=(\S+))", _article, text)
    text = re.sub(r"(^|\. )([a-z])", lambda match: match[1] + match[2].upper(), text)
    text = re.sub(r"\bi can\b", "I can", text)
    return text if text.endswith(".") else text + "."


def _article(match: re.Match[str]) -> str:
    word = match[2]
    vowel = VOWEL_SOUND.match(word) and not word.lower().startswith(CONSONANT_SOUND)
    return f"{match[1]}n " if vowel else f"{match[1]} "


def is_plural(name: str) -> bool:
    """Whether an instrument's name takes no article and a plural verb ("steel drums", not "bass")."""
    head = re.split(r" (?:in|played|playing|with|for) ", name)[0]
    return head.endswith("s") and not head.endswith("ss")


def with_article(name: str) -> str:
    """A trumpet, but steel drums and synth brass: plurals and masses take no article."""
    bare = is_plural(name) or name.endswith(("percussion", "synth brass", "synthesizer brass"))
    return name if bare else f"a {name}"


def listed(items: list[str]) -> str:
    """Joins items as in x, y and z."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def fill(template: str, values: dict[str, str], plural: set[str]) -> str:
    """Fills the slots; a verb in <> takes its plural after a slot of `plural`."""
    parts: list[str] = []
    subject = ""
    for piece in re.split(r"(\{\w+\}|<\w+>)", template):
        if match := SLOT.fullmatch(piece):
            subject = match[1]
            parts.append(values[subject])
        elif piece.startswith("<"):
            parts.append(_plural_verb(piece[1:-1]) if subject in plural else piece[1:-1])
        else:
            parts.append(piece)
    return "".join(parts)


def _plural_verb(verb: str) -> str:
    irregular = {"is": "are", "has": "have", "does": "do", "carries": "carry", "accompanies": "accompany"}
    return irregular.get(verb, verb.removesuffix("s"))
