"""The MeLoDy networks in PyTorch, and the tools that keep the Swift renderer honest.

Section numbers in this package ("4.5", "7.1") refer to the model specification; tensor names and the random
number contract are those of the repository's ARCHITECTURE.md.
"""

__version__ = "0.1.0"
