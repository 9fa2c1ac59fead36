"""Captions in natural English, composed from the labels of a clip."""
