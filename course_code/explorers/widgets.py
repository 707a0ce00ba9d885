"""The widgets of an explorer: controls, nested stacks of pictures, and the links between them."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from .controls import Control
from .style import STYLE

if TYPE_CHECKING:
    from .mechanism import Explorer, Picture, State

FEW = 3  # choices up to this many are buttons
_HYPHENS = re.compile(r"[\d.,]*\w(?:-\d+(?:,\d{3})*)+")  # 2-6-6-1, 67,500-5-5-1, 1e-16


class Panel:
    """What an explorer shows: every state that was computed, and one more for other values.

    The outer stack shows the precomputed pictures (0) or the picture of other values (1). Only the
    second needs Python, so in the built page it is never chosen.
    """

    def __init__(self, explorer: Explorer) -> None:
        import ipywidgets

        self._explorer, self._controls = explorer, explorer.controls
        self._typed: dict[int, Any] = {}  # values that were not computed beforehand, by control
        self._held = False
        self.inputs = [_input(control) for control in self._controls]
        self.fields = [_field(control) for control in self._controls]
        self.message = _html("", "explorer-message")
        self._live = ipywidgets.HTML()
        self._label = f"explorer-{self._live.model_id[:8]}"
        self.outer = ipywidgets.Stack([self._stacks(), self._live], selected_index=0)
        self.outer.add_class("explorer-picture")
        for i, (source, field) in enumerate(zip(self.inputs, self.fields)):
            source.observe(lambda _, i=i: self._moved(i), "index")
            if field is not None:
                field.observe(lambda change, i=i: self._entered(i, change.new), "value")
        self.widget = self._assembled()

    @property
    def state(self) -> State:
        """The values shown now."""
        return tuple(
            self._typed.get(i, control.values[source.index])
            for i, (control, source) in enumerate(zip(self._controls, self.inputs))
        )

    def show(self, state: State) -> None:
        """Move the controls to a state."""
        self._held = True
        try:
            for i, value in enumerate(state):
                self._set(i, value)
        finally:
            self._held = False
        self._refresh()

    def display(self) -> None:
        """Display the first state as plain HTML, which the book shows without scripts; then all."""
        from IPython import display

        display.display(display.HTML(self.static()))  # type: ignore[no-untyped-call]
        display.display(self.widget)  # type: ignore[no-untyped-call]

    def static(self) -> str:
        """The first state as HTML that needs no script; hidden but in the book."""
        explorer = self._explorer
        first = tuple(control.values[control.start] for control in self._controls)
        named = ", ".join(f"{c.name} {c.labels[c.start]}" for c in self._controls)
        names = ", ".join(control.name for control in self._controls)
        question, classes = "", "explorer explorer-static"
        if prediction := explorer.prediction:
            answers = "".join(f"<li>{_words(answer)}</li>" for answer in prediction.answers)
            question = f"<p>{_words(prediction.question)}</p><ul>{answers}</ul>"
            classes += " explorer-predict"
        return (
            f'<div class="{classes}" hidden><style>{STYLE}</style>'
            f"{_title(explorer.title)}{question}"
            f"{_picture_html(explorer.at(first), self._label + '-static')}"
            f"<p><small>One state of this explorer: {_words(named)}. </small>"
            '<small class="explorer-screen">'
            "The controls appear when this page's scripts have loaded.</small>"
            '<small class="explorer-paper">'
            f"The book on screen has them all, with controls for {escape(names)}.</small></p></div>"
        )

    # ---- building --------------------------------------------------------------------------

    def _stacks(self) -> Any:
        """Nested stacks, one level a control; every stack follows its control in the browser."""
        import ipywidgets

        # One layout and one style for all: each would be a widget of its own.
        layout, style = ipywidgets.Layout(), ipywidgets.HTML().style

        def level(state: State) -> Any:
            depth = len(state)
            if depth == len(self._controls):
                value = _picture_html(self._explorer.at(state), self._label)
                return ipywidgets.HTML(value, layout=layout, style=style)
            control, source = self._controls[depth], self.inputs[depth]
            children = [level((*state, value)) for value in control.values]
            stack = ipywidgets.Stack(children, selected_index=control.start, layout=layout)
            ipywidgets.jsdlink((source, "index"), (stack, "selected_index"))
            return stack

        return level(())

    def _assembled(self) -> Any:
        import ipywidgets

        rows = []
        for control, source, field in zip(self._controls, self.inputs, self.fields):
            parts = [source]
            if control.kind == "play":
                last = len(control.values) - 1
                button = ipywidgets.Play(
                    min=0, max=last, value=control.start, interval=400, show_repeat=False
                )
                ipywidgets.jslink((button, "value"), (source, "index"))
                parts.append(button)
            rows.append(ipywidgets.HBox([*parts, *([field] if field else [])]))
            rows[-1].add_class("explorer-row")
        body = ipywidgets.VBox([*rows, self.message, self.outer])
        top = [_html(f"<style>{STYLE}</style>"), _html(_title(self._explorer.title))]
        below = _predict(self._explorer.prediction, body) if self._explorer.prediction else [body]
        whole = ipywidgets.VBox([*top, *below])
        whole.add_class("explorer")
        return whole

    # ---- with a live kernel ----------------------------------------------------------------

    def _set(self, i: int, value: Any) -> None:
        control, field = self._controls[i], self.fields[i]
        self._typed.pop(i, None)
        if value in control.values:
            self.inputs[i].index = control.values.index(value)
        else:
            self._typed[i] = value
        if field is not None:
            field.value = f"{value:g}" if i in self._typed else ""

    def _moved(self, i: int) -> None:
        if not self._held:
            self._held = True
            self._set(i, self._controls[i].values[self.inputs[i].index])
            self._held = False
            self._refresh()

    def _entered(self, i: int, typed: str) -> None:
        if self._held:
            return
        control = self._controls[i]
        if not typed.strip():
            self._typed.pop(i, None)
            self._refresh()
            return
        try:
            value = control.read(typed)
        except ValueError as error:
            self.message.value = _note(f"{error}. The picture is as before.")
            return
        self._held = True
        self._set(i, value)
        self._held = False
        self._refresh()

    def _refresh(self) -> None:
        """Show the precomputed picture, or compute the one for what was typed."""
        if not self._typed:
            self.message.value = ""
            self.outer.selected_index = 0
            return
        try:
            picture = self._explorer.at(self.state)
        except RuntimeError as error:
            self.message.value = _note(f"{error.__cause__ or error}. The picture is as before.")
            return
        named = ", ".join(f"{self._controls[i].name} {v:g}" for i, v in self._typed.items())
        self.message.value = _note(f"Computed now, for {named}. Empty the field to go back.")
        self._live.value = _picture_html(picture, self._label)
        self.outer.selected_index = 1


def _input(control: Control) -> Any:
    """The widget whose index is the position of the control's value."""
    import ipywidgets

    common = {
        "index": control.start,
        "description": control.name,
        "style": {"description_width": "initial"},
    }
    if control.numeric:
        options = list(zip(control.labels, range(len(control.labels))))
        return ipywidgets.SelectionSlider(options=options, **common)
    if len(control.labels) > FEW:
        return ipywidgets.Dropdown(options=control.labels, **common)
    common["style"] = {"description_width": "initial", "button_width": "auto"}
    return ipywidgets.ToggleButtons(options=control.labels, **common)


def _field(control: Control) -> Any:
    """The field for any value, which the book's style sheet hides: it needs a kernel."""
    import ipywidgets

    if not control.numeric:
        return None
    field = ipywidgets.Text(
        description=f"any {control.name}",
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
    field.add_class("explorer-live")
    return field


def _predict(prediction: Any, body: Any) -> list[Any]:
    """The question, its answers as buttons, and below them what one of them reveals."""
    import ipywidgets

    question = _html(f"<p><b>Predict first.</b> {_words(prediction.question)}</p>", "explorer-ask")
    answers = ipywidgets.ToggleButtons(
        options=list(prediction.answers), index=None, style={"button_width": "auto"}
    )
    answers.add_class("explorer-answers")
    replies = [_html(f"<p>{_words(reply)}</p>") for reply in prediction.answers.values()]
    stacks = [
        ipywidgets.Stack(children, selected_index=None)
        for children in (replies, [body] * len(replies))
    ]
    for stack in stacks:
        ipywidgets.jsdlink((answers, "index"), (stack, "selected_index"))
    stacks[0].add_class("explorer-reply")
    return [question, answers, *stacks]


def _html(value: str, *classes: str) -> Any:
    import ipywidgets

    widget = ipywidgets.HTML(value)
    for name in classes:
        widget.add_class(name)
    return widget


def _title(words: str) -> str:
    return f'<p class="explorer-title"><b>Explorer: {_words(words)}</b></p>'


def _note(words: str) -> str:
    return f'<p role="status">{_words(words)}</p>'


def _words(words: str) -> str:
    """Escape words for HTML; what has hyphens between numbers stays on one line."""
    return _HYPHENS.sub(r'<span class="explorer-unbroken">\g<0></span>', escape(words))


def _picture_html(picture: Picture, label: str) -> str:
    summary, newline, more = picture.description.partition("\n")
    return (
        f'<div class="explorer-drawing" role="img" aria-labelledby="{label}">{picture.svg}</div>'
        f'<p class="explorer-description"><span class="explorer-summary" id="{label}">'
        f"{_words(summary)}</span>{newline}{_words(more)}</p>"
    )
