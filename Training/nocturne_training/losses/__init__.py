"""Losses of model.md, one family a file."""
