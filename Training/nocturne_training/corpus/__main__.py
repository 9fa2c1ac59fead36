"""`python -m nocturne_training.corpus make|import|verify|unpack`: makes a corpus, imports one, checks one, or
readies one for a GPU."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

import numpy as np

from . import soundfonts
from .dataset import SPLITS, Corpus, CorpusError
from .store import file_sha256
from .unpacked import SAMPLES


def main() -> int:
    """Exit status 1, and one line, where a corpus cannot be made or is not as it was made."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except CorpusError as error:
        print(f"corpus: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"corpus: {error.filename or ''}: {error.strerror}: run the command again to go on",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("corpus: interrupted: run the command again to go on", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nocturne_training.corpus", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("make", help="compose and render a corpus; continues one that was begun")
    make.add_argument("--hours", type=_hours, required=True, help="length of all clips together")
    make.add_argument("--seed", type=int, default=0, help="equal seeds make equal corpora (0)")
    make.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    make.add_argument(
        "--soundfont", help=f"{', '.join(soundfonts.KNOWN)} or a .sf2 file (the first that is installed)"
    )
    make.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="processes (one a core)")
    make.set_defaults(run=_make)
    take = commands.add_parser("import", help="take your own music; continues an import that was begun")
    source = take.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--audiocraft", type=Path, metavar="MANIFEST", help=".jsonl or .jsonl.gz, with sidecars"
    )
    source.add_argument(
        "--audiofolder", type=Path, metavar="DIR", help="Hugging Face AudioFolder with captions"
    )
    take.add_argument("--out", type=Path, required=True, help="folder of the corpus")
    take.add_argument("--valid-share", type=_share, default=0.05, help="of the files, for validation (0.05)")
    take.add_argument("--test-share", type=_share, default=0.05, help="of the files, for the test (0.05)")
    take.add_argument("--seed", type=int, default=0, help="chooses those files (0)")
    take.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="processes (one a core)")
    take.set_defaults(run=_import)
    verify = commands.add_parser("verify", help="read every file of a corpus and compare digests")
    verify.add_argument("directory", type=Path)
    verify.set_defaults(run=_verify)
    unpack = commands.add_parser(
        "unpack", help="decode all clips into one file: 172 MB an hour, fast to read"
    )
    unpack.add_argument("directory", type=Path)
    unpack.add_argument(
        "--workers", type=_positive, default=os.cpu_count() or 1, help="processes (one a core)"
    )
    unpack.set_defaults(run=_unpack)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _hours(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours above 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 0.5")
    return value


def _import(arguments: argparse.Namespace) -> None:
    from .importer import SKIPPED, import_
    from .sources import audiocraft, audiofolder

    listing = audiocraft(arguments.audiocraft) if arguments.audiocraft else audiofolder(arguments.audiofolder)
    shares = (arguments.valid_share, arguments.test_share)
    skipped = import_(listing, arguments.out, *shares, arguments.seed, arguments.workers)
    if skipped:
        first = f"{skipped[0]['path']}, {skipped[0]['reason']}"
        print(
            f"{len(skipped)} skipped, see {arguments.out / SKIPPED}: first {first}; once mended, import anew"
        )
    corpus = _summarise(arguments.out)
    for split, use in (("valid", "validation of a training"), ("test", "report on one")):
        if not corpus.split(split):
            print(f"no clip for {split}: no {use} has figures; import more files or raise --{split}-share")


def _make(arguments: argparse.Namespace) -> None:
    # Only this command needs libfluidsynth.
    from .maker import make

    soundfont = soundfonts.find(arguments.soundfont)
    make(arguments.out, arguments.hours, arguments.seed, soundfont, arguments.workers)
    _summarise(arguments.out)


def _verify(arguments: argparse.Namespace) -> None:
    corpus = _summarise(arguments.directory)
    for clip in (clip for name in SPLITS for clip in corpus.split(name)):
        if not clip.path.is_file() or file_sha256(clip.path) != clip.sha256:
            raise CorpusError(f"{clip.path}: missing or changed since the corpus was made: make it again")
        # What is learned from are the unpacked samples, where there are some.
        if clip.unpacked is not None and not np.array_equal(clip.audio(), clip.decoded()):
            raise CorpusError(f"{arguments.directory / SAMPLES}: differs from {clip.path}: unpack it again")
    print("every file is as it was made")


def _unpack(arguments: argparse.Namespace) -> None:
    from .unpack import unpack

    size = unpack(_summarise(arguments.directory), arguments.workers)
    print(f"{arguments.directory / SAMPLES}: {size / 1e6:.0f} MB; remove it when the training is done")


def _summarise(directory: Path) -> Corpus:
    corpus = Corpus.open(directory)
    counts = ", ".join(f"{name} {len(corpus.split(name))}" for name in SPLITS)
    print(f"{directory}: clips {counts}; digest {corpus.digest[:16]}")
    return corpus


if __name__ == "__main__":
    sys.exit(main())
