"""The corpus: music composed and rendered with known attributes, or a user's own, in one format on disk."""

from .dataset import Caption, Clip, Corpus, CorpusError

__all__ = ["Caption", "Clip", "Corpus", "CorpusError"]
