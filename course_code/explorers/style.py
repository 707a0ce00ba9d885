"""The style that every explorer brings along, so that it looks alike in the book and in Jupyter.

Classes of drawings: `k0` to `k5` colours, `d1` to `d5` dashes, `l` a line, `r` round dots (a path
of ``M x y h0``), `a` an axis, `g` a grid, `m` and `e` centred and right-aligned text, `h` a
heading.
"""

from __future__ import annotations

import re

from ..plots import COLORS

DASHES = ("", "8 4", "8 3 2 3", "2 3", "12 3", "4 4")

_LAYOUT = """
.explorer { max-width: 780px; }
.explorer .widget-html, .explorer .widget-toggle-buttons { width: auto; height: auto; }
.explorer .widget-html-content { line-height: 1.4; flex: 1 1 100%; min-width: 0; }
.explorer .widget-html-content p { margin: .25rem 0; }
.explorer .widget-toggle-buttons > div { display: flex; flex-wrap: wrap; gap: .25rem; }
.explorer .widget-toggle-button {
  height: auto; min-height: 28px; line-height: 1.3; padding: 4px 10px; white-space: normal;
  border: 1px solid currentColor; box-shadow: none;
}
.explorer .widget-toggle-button.mod-active {
  box-shadow: inset 0 -3px currentColor; font-weight: 700;
}
.explorer-row { flex-wrap: wrap; align-items: center; gap: .1rem .75rem; overflow: visible; }
.explorer-row > * { margin: 2px 0; }
.explorer .explorer-row .widget-label { min-width: 4em; margin-right: .5em; text-align: left; }
.explorer .explorer-row .widget-slider .widget-label { margin-right: 1em; }
.explorer-row .widget-toggle-buttons { display: flex; flex-wrap: wrap; align-items: center; }
.explorer-row .widget-slider { flex: 1 1 260px; max-width: 460px; width: auto; }
.explorer-row .widget-dropdown { flex: 0 1 auto; width: auto; max-width: 100%; }
.explorer-row .widget-dropdown select { padding-right: 24px; }
.explorer-row .widget-readout { min-width: 4.5em; text-align: right; overflow: visible; }
.explorer .widget-play { width: auto; height: auto; }
.explorer .widget-play .jupyter-button { width: 40px; height: 32px; }
.explorer .widget-play svg { width: 1em; height: 1em; flex: none; }
.explorer-live { flex: 0 1 240px; }
.explorer :focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
.explorer select:focus-visible { outline: 3px solid var(--pst-color-link, #0072B2) !important; }
.explorer-picture, .explorer-picture .widget-box, .explorer-picture .widget-html {
  overflow: visible;
}
.explorer-drawing { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .5rem 1rem; }
.explorer .explorer-description { white-space: pre-line; }
.explorer-unbroken { white-space: nowrap; }
.explorer-paper { display: none; }
@media print { .explorer-screen { display: none; } .explorer-paper { display: inline; } }
"""

_DRAWING = """
.explorer-drawing svg {
  color: var(--pst-color-text-base, var(--jp-ui-font-color1, #222)); display: block;
  width: 100%; max-width: 370px; min-width: 0; flex: 1 1 300px; height: auto; overflow: visible;
  font: 13px system-ui, sans-serif;
}
.explorer-drawing text { fill: currentColor; stroke: none; }
.explorer-drawing .a { stroke: currentColor; fill: none; }
.explorer-drawing .g { stroke: currentColor; opacity: .18; fill: none; }
.explorer-drawing .l { fill: none; stroke-width: 2; stroke-linejoin: round; }
.explorer-drawing .r { stroke-width: 7; stroke-linecap: round; }
.explorer-drawing .m { text-anchor: middle; }
.explorer-drawing .e { text-anchor: end; }
.explorer-drawing .h { font-weight: 600; }
"""


def _palette() -> str:
    here = ".explorer-drawing .k{i} {{ stroke: {color}; fill: {color}; }}\n"
    lines = ".explorer-drawing .l.k{i} {{ fill: none; }}\n"
    colors = [(here + lines).format(i=i, color=color) for i, color in enumerate(COLORS)]
    dash = ".explorer-drawing .d{i} {{ stroke-dasharray: {dash}; }}\n"
    return "".join(colors + [dash.format(i=i, dash=d) for i, d in enumerate(DASHES) if d])


STYLE = re.sub(
    r"\s*([{};,])\s*", r"\1", " ".join((_LAYOUT + _palette() + _DRAWING).split())
).replace(": ", ":")
