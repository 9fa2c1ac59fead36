"""Measures a checkpoint on what it never saw: `python -m nocturne_training.measure`."""
