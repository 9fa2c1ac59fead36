"""Faults of a training run that a person can mend."""

from __future__ import annotations


class TrainingError(Exception):
    """One line: what failed, where, what to do. The commands print it and exit with 1."""
