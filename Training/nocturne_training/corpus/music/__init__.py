"""Composing and performing pieces of music with known attributes."""
