"""Explorers: pictures that the reader changes with controls, in the built page too.

The mechanism is :func:`explore`, with the controls :func:`choice`, :func:`slider` and :func:`play`.
"""

from .controls import Control, choice, play, slider
from .mechanism import Explorer, Picture, Prediction, explore

__all__ = [
    "Control",
    "Explorer",
    "Picture",
    "Prediction",
    "choice",
    "explore",
    "play",
    "slider",
]
