"""What a network's forward and backward passes leave behind, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .checks import Array


@dataclass
class Trace:
    """What a forward pass computed, layer by layer.

    Attributes
    ----------
    inputs : list of ndarray
        What each layer got: ``inputs[0]`` is X, ``inputs[l]`` is ``activations[l - 1]``.
    pre_activations : list of ndarray, each (..., n, fan_out)
        What each layer handed to its activation (after normalization, where there is one). The
        last are the logits.
    activations : list of ndarray, each (..., n, fan_out)
        What each layer passed on. The last are the logits: the output layer is linear.
    caches : list
        What each normalization layer keeps for its backward pass.
    """

    inputs: list[Array]
    pre_activations: list[Array]
    activations: list[Array]
    caches: list[Any]

    @classmethod
    def empty(cls, n_layers: int, n_normalizers: int) -> Trace:
        """Return a trace of that many layers with None for every array."""
        none: list[Any] = [None]
        return cls(none * n_layers, none * n_layers, none * n_layers, none * n_normalizers)

    @property
    def logits(self) -> Array:
        """The output layer's pre-activations, shape (..., n, n_outputs)."""
        return self.pre_activations[-1]


@dataclass
class Gradients:
    """Gradients of the loss, shaped like what they are gradients of.

    Attributes
    ----------
    weights, biases : list of ndarray
        Shaped like the network's.
    pre_activations : list of ndarray
        Shaped like the trace's: the signal that travels backward.
    normalization : list of ndarray
        Shaped like the scales and shifts of the normalization layers; empty without them.
    """

    weights: list[Array]
    biases: list[Array]
    pre_activations: list[Array]
    normalization: list[Array]

    @classmethod
    def empty(cls, n_layers: int, n_normalizers: int) -> Gradients:
        """Return gradients of that many layers with None for every array."""
        none: list[Any] = [None]
        return cls(none * n_layers, none * n_layers, none * n_layers, none * (2 * n_normalizers))

    @property
    def parameters(self) -> list[Array]:
        """All of them in the order of :attr:`~course_code.network.MLP.parameters`."""
        return [*self.weights, *self.biases, *self.normalization]
