"""Draw the cover of the book and the card of its links from networks of course_code.

    python tools/draw_cover.py

Inputs on a circle, a curve, go through 16 layers of 400 tanh units. What is drawn is the curve's
image in each layer, seen from its two main directions: with small weights it shrinks to a point,
with large ones it becomes a tangle, and with Xavier's it stays a curve. Writes cover-light.svg,
cover-dark.svg and card.png into book/_static/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from course_code.initializers import variance_scaling
from course_code.network import MLP

STATIC = Path(__file__).resolve().parent.parent / "book" / "_static"
LAYERS = (0, 1, 2, 4, 8, 16)
WIDTH, POINTS = 400, 400
SIGMA_W = {"too small": 0.5, "Xavier": 1.0, "too large": 2.5}  # of Xavier's standard deviation
LIGHT = {"text": "#323232", "too small": "#b34e00", "Xavier": "#0072b2", "too large": "#00795a"}
DARK = {"text": "#ced6dd", "too small": "#f0863c", "Xavier": "#5ab4ee", "too large": "#35c79e"}


def curves(sigma_w: float) -> list[np.ndarray]:
    """Give the circle's image after each of LAYERS, centred, in its two main directions."""
    rng = np.random.default_rng(3)

    def initializer(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return variance_scaling(shape, rng, scale=sigma_w**2, distribution="normal")

    sizes = [WIDTH] * (max(LAYERS) + 1) + [1]
    network = MLP(sizes, activation="tanh", initializer=initializer, rng=rng)
    angle = np.linspace(0, 2 * np.pi, POINTS)
    plane, _ = np.linalg.qr(rng.standard_normal((WIDTH, 2)))
    X = np.sqrt(WIDTH) * np.column_stack([np.cos(angle), np.sin(angle)]) @ plane.T
    signals = [X, *network.forward(X).activations]
    return [seen_from_its_plane(signals[layer]) for layer in LAYERS]


def seen_from_its_plane(A: np.ndarray) -> np.ndarray:
    centred = A - A.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T / np.sqrt(WIDTH)


def draw(colours: dict[str, str], size: tuple[float, float], **text: Any) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(SIGMA_W), len(LAYERS), sharex=True, sharey=True)
    for row, (name, sigma_w) in zip(panels, SIGMA_W.items()):
        for panel, layer, curve in zip(row, LAYERS, curves(sigma_w)):
            panel.plot(*curve.T, color=colours[name], linewidth=1.1)
            panel.set_aspect("equal")
            panel.axis("off")
            if panel in panels[0]:
                title = "inputs" if layer == 0 else f"layer {layer}"
                panel.set_title(title, color=colours["text"], **text)
        row[0].text(-0.1, 0.5, name, transform=row[0].transAxes, rotation=90, va="center",
                    ha="center", color=colours[name], fontweight="bold", **text)  # fmt: skip
    return figure


def main() -> None:
    plain = {"svg.hashsalt": "cover", "svg.fonttype": "none", "font.family": "sans-serif"}
    with mpl.rc_context(plain):
        for theme, colours in {"light": LIGHT, "dark": DARK}.items():
            figure = draw(colours, (5.2, 2.9), fontsize=11)
            figure.savefig(STATIC / f"cover-{theme}.svg", transparent=True, metadata={"Date": None})
        card = draw(LIGHT, (12, 6.3), fontsize=20)
        card.set_layout_engine("constrained", rect=(0.02, 0.02, 0.96, 0.8))
        card.text(0.04, 0.88, "Weight initialization: every claim tested", fontsize=33,
                  fontweight="bold", color=LIGHT["text"])  # fmt: skip
        card.savefig(STATIC / "card.png", dpi=100, facecolor="white", metadata={"Software": None})


if __name__ == "__main__":
    main()
