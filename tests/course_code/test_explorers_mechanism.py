"""The mechanism: all states once, errors before the work, and other values with a kernel."""

import json
import re
import threading

import ipywidgets
import joblib
import pytest
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets.widget import _instances

from course_code.explorers import Picture, Prediction, choice, explore, mechanism, play, slider
from course_code.explorers.style import STYLE

CONTROLS = [choice("kind", ["a", "b"]), slider("x", [0.5, 1.0, 2.0], start=1.0), play("t", [0, 5])]
ASK = Prediction("Which?", {"this <one>": "Yes.", "that": "No."})


def draw(kind, x, t):
    if x > 10:
        raise ValueError("x must be at most 10")
    return Picture(f"<svg><text>{kind}</text></svg>", f"{kind} at {x:g}, step {t}.")


@pytest.fixture
def calls():
    return []


@pytest.fixture
def explorer(calls):
    def render(**values):
        calls.append(tuple(values.values()))
        return draw(**values)

    return explore(render, CONTROLS, title="Trial")


def shown(explorer):
    """What the browser shows: the links followed from the controls to one picture."""
    children = {w.model_id: w for w in all_widgets(explorer)}
    sources = {
        w.target[0].model_id: w.source[0]
        for w in _instances.values()
        if isinstance(w, ipywidgets.widget_link.DirectionalLink)
        and w.target[0].model_id in children
    }
    widget = explorer._panel.outer
    while isinstance(widget, ipywidgets.Stack):
        source = sources.get(widget.model_id)
        index = widget.selected_index if source is None else source.index
        widget = widget.children[index]
    return widget.value


def all_widgets(explorer):
    found, todo = [], [explorer.widget]
    while todo:
        widget = todo.pop()
        found.append(widget)
        todo += getattr(widget, "children", ())
    return found


def inputs(explorer):
    return explorer._panel.inputs


def test_every_state_is_rendered_once(explorer, calls):
    assert len(calls) == len(set(calls)) == 2 * 3 * 2
    explorer.picture(kind="b", x=2.0, t=5)
    explorer.show(kind="b", t=0)
    assert len(calls) == 12
    assert explorer.picture(kind="b", x=1.0, t=5).description == "b at 1, step 5."


def test_the_first_state_comes_from_the_starts(explorer, calls):
    assert calls[0] == ("a", 1.0, 0)
    assert explorer.values == {"kind": "a", "x": 1.0, "t": 0}
    assert "a at 1, step 0." in shown(explorer)


def test_each_position_of_the_controls_leads_to_its_picture(explorer):
    kind, x, t = inputs(explorer)
    for i, name in enumerate("ab"):
        for j, value in enumerate(("0.5", "1", "2")):
            for k, step in enumerate(("0", "5")):
                kind.index, x.index, t.index = i, j, k
                assert f"{name} at {value}, step {step}." in shown(explorer)


def test_widgets_of_the_controls(explorer):
    kinds = [type(widget).__name__ for widget in inputs(explorer)]
    assert kinds == ["ToggleButtons", "SelectionSlider", "SelectionSlider"]
    many = explore(
        lambda kind: Picture("<svg/>", kind), [choice("kind", list("abcd"))], title="Many"
    )
    assert isinstance(inputs(many)[0], ipywidgets.Dropdown)
    assert [w.max for w in all_widgets(explorer) if isinstance(w, ipywidgets.Play)] == [1]


def test_size_counts_the_pictures(explorer):
    assert explorer.size == sum(
        len(draw(k, x, t).svg + draw(k, x, t).description)
        for k in "ab"
        for x in (0.5, 1.0, 2.0)
        for t in (0, 5)
    )


def test_importing_the_explorers_needs_no_widgets():
    import subprocess
    import sys

    code = "import course_code.explorers, sys; print('ipywidgets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


# ---- errors come before the long work ----------------------------------------------------------


@pytest.mark.parametrize(
    ("controls", "error", "message"),
    [
        ([], ValueError, "controls is empty"),
        (CONTROLS[0], TypeError, "controls must be a list"),
        ([ipywidgets.IntSlider], TypeError, "made by choice, slider or play"),
        ([slider("x y", [1]), slider("x_y", [1])], ValueError, "the same name: x_y"),
        ([play("s", [1]), play("t", [1])], ValueError, "at most one play control"),
        ([slider("s", range(40)), slider("t", range(26))], ValueError, "40 x 26 = 1040 states"),
    ],
)  # fmt: skip
def test_bad_controls(controls, error, message, calls):
    with pytest.raises(error, match=message):
        explore(lambda **values: calls.append(values), controls, title="Trial")
    assert calls == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"render": 3}, TypeError, "render must be callable"),
        ({"title": ""}, TypeError, "title must be a non-empty string"),
        ({"prediction": "which?"}, TypeError, "prediction must be of class Prediction"),
        ({"prediction": Prediction("q", {"a": "b"})}, ValueError, "at least two answers"),
    ],
)
def test_bad_arguments(change, error, message):
    arguments = {"render": draw, "controls": CONTROLS, "title": "Trial"} | change
    with pytest.raises(error, match=message):
        explore(**arguments)


def test_a_render_that_raises_names_the_state_and_stops_at_once(calls):
    def render(x):
        calls.append(x)
        raise KeyError("loss")

    with pytest.raises(RuntimeError, match=r"render\(x=0.5\) failed: KeyError: 'loss'") as caught:
        explore(render, [slider("x", [0.5, 1.0])], title="Trial")
    assert isinstance(caught.value.__cause__, KeyError)
    assert calls == [0.5]


def test_a_render_that_returns_something_else():
    with pytest.raises(
        RuntimeError, match=r"render\(x=0.5\) must return a Picture; it returned 'a"
    ):
        explore(lambda x: "a picture", [slider("x", [0.5])], title="Trial")


def test_a_later_state_that_fails_is_named_too():
    with pytest.raises(RuntimeError, match=r"render\(kind='a', x=11.0, t=1\) failed: ValueError"):
        explore(draw, [CONTROLS[0], slider("x", [1.0, 11.0]), play("t", [1])], title="Trial")


def test_it_can_be_interrupted(calls):
    def render(x):
        calls.append(x)
        if x == 3:
            raise KeyboardInterrupt
        return Picture("<svg/>", "")

    with pytest.raises(KeyboardInterrupt):
        explore(render, [slider("x", range(10))], title="Trial")
    assert calls == [0, 1, 2, 3]


# ---- progress and processes --------------------------------------------------------------------


@pytest.fixture
def bars(monkeypatch):
    made = []

    class Bar:
        def __init__(self, total, done, title):
            self.done, self.total, self.open = done, total, True
            made.append(self)

        def update(self):
            self.done += 1

        def close(self):
            self.open = False

    monkeypatch.setattr(mechanism, "_progress", Bar)
    return made


def render_square(x):
    return Picture("<svg/>", f"{x * x}")


def test_quick_work_shows_no_progress(bars):
    explore(render_square, [slider("x", range(20))], title="Trial")
    assert bars == []


def test_long_work_shows_progress(bars, monkeypatch):
    monkeypatch.setattr(mechanism, "PROGRESS_AFTER", 0.0)
    explore(render_square, [slider("x", range(20))], title="Trial")
    (bar,) = bars
    assert (bar.done, bar.total, bar.open) == (19, 19, False)


@pytest.mark.parametrize("sent", [True, False])
def test_very_long_work_goes_to_processes_if_it_can(bars, monkeypatch, sent):
    monkeypatch.setattr(mechanism, "PROGRESS_AFTER", 0.0)
    monkeypatch.setattr(mechanism, "PARALLEL_AFTER", 0.0)
    kept = None if sent else threading.Lock()  # which cannot be pickled

    def render(x):
        return Picture("<svg/>", f"{x * x} {kept is None}")

    # Threads instead of processes take a second less to start; only processes pickle.
    with joblib.parallel_config(backend="threading" if sent else "loky"):
        explorer = explore(render, [slider("x", range(20))], title="Trial")
    assert [explorer.picture(x=x).description for x in (0, 7, 19)] == [
        f"{x * x} {sent}" for x in (0, 7, 19)
    ]
    assert bars[0].done >= 19
    assert not bars[0].open


def test_the_progress_bar_is_tqdm(capsys):
    bar = mechanism._progress(10, 3, "Trial")
    assert (bar.total, bar.n, bar.leave) == (10, 3, False)
    bar.close()
    capsys.readouterr()


# ---- with a live kernel ------------------------------------------------------------------------


def message(explorer):
    return explorer._panel.message.value


def field(explorer, i):
    return explorer._panel.fields[i]


def test_a_typed_value_is_computed_once_and_shown(explorer, calls):
    field(explorer, 1).value = "0.7"
    assert calls[-1] == ("a", 0.7, 0)
    assert "a at 0.7, step 0." in shown(explorer)
    assert "Computed now, for x 0.7." in message(explorer)
    inputs(explorer)[2].index = 1  # other controls go on from there
    assert "a at 0.7, step 5." in shown(explorer)
    inputs(explorer)[2].index = 0
    assert len(calls) == 12 + 2


def test_moving_the_slider_takes_the_typed_value_back(explorer):
    field(explorer, 1).value = "0.7"
    inputs(explorer)[1].index = 2
    assert "a at 2, step 0." in shown(explorer)
    assert (field(explorer, 1).value, message(explorer)) == ("", "")


def test_emptying_the_field_takes_the_typed_value_back(explorer):
    field(explorer, 1).value = "0.7"
    field(explorer, 1).value = " "
    assert "a at 1, step 0." in shown(explorer)


def test_a_typed_value_that_was_precomputed_moves_the_slider(explorer, calls):
    field(explorer, 1).value = "2"
    assert inputs(explorer)[1].index == 2
    assert len(calls) == 12
    assert field(explorer, 1).value == ""


@pytest.mark.parametrize(
    ("i", "typed", "said"),
    [
        (1, "much", "x must be a number; got &#x27;much&#x27;. The picture is as before."),
        (1, "99", "x must be at most 10. The picture is as before."),
        (2, "1.5", "t must be an integer; got 1.5. The picture is as before."),
    ],
)
def test_a_bad_value_is_explained_in_the_widget(explorer, i, typed, said):
    before = shown(explorer)
    field(explorer, i).value = typed
    assert said in message(explorer)
    assert shown(explorer) == before


def test_a_choice_has_no_field(explorer):
    assert field(explorer, 0) is None
    fields = [w for w in all_widgets(explorer) if "explorer-live" in w._dom_classes]
    assert {w.model_id for w in fields} == {field(explorer, i).model_id for i in (1, 2)}


def test_show_from_code(explorer):
    explorer.show(x=0.25, t=3)
    assert "a at 0.25, step 3." in shown(explorer)
    assert (field(explorer, 1).value, field(explorer, 2).value) == ("0.25", "3")
    explorer.show(kind="b", x=2.0)
    assert "b at 2, step 3." in shown(explorer)
    assert explorer.values == {"kind": "b", "x": 2.0, "t": 3}


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"y": 1}, ValueError, "control must be one of kind, x, t; got 'y'"),
        ({"kind": "c"}, ValueError, "kind must be one of a, b"),
        ({"t": 0.5}, TypeError, "t must be an integer"),
        ({"x": 99.0}, RuntimeError, r"render\(kind='a', x=99.0, t=0\) failed"),
    ],
)
def test_show_refuses_and_keeps_the_picture(explorer, values, error, said):
    before = shown(explorer)
    with pytest.raises(error, match=said):
        explorer.show(**values)
    assert shown(explorer) == before


# ---- what the page gets ------------------------------------------------------------------------


def test_a_question_comes_before_the_picture():
    explorer = explore(draw, CONTROLS, title="Trial", prediction=ASK)
    answers = next(w for w in all_widgets(explorer) if "explorer-answers" in w._dom_classes)
    assert answers.index is None
    stacks = [w for w in explorer.widget.children if isinstance(w, ipywidgets.Stack)]
    assert [stack.selected_index for stack in stacks] == [None, None]
    replies, reveal = stacks
    assert [reply.value for reply in replies.children] == ["<p>Yes.</p>", "<p>No.</p>"]
    assert reveal.children[0] is reveal.children[1]
    linked = {
        w.target[0]
        for w in _instances.values()
        if isinstance(w, ipywidgets.widget_link.DirectionalLink) and w.source[0] is answers
    }
    assert linked == set(stacks)


def test_the_picture_is_labelled_by_its_description(explorer):
    html = shown(explorer)
    label = html.split('aria-labelledby="')[1].split('"')[0]
    summary = f'<span class="explorer-summary" id="{label}">a at 1, step 0.</span>'
    assert f'<p class="explorer-description">{summary}</p>' in html
    assert 'role="img"' in html


def test_only_the_first_line_of_a_description_names_the_picture():
    picture = Picture("<svg/>", "Ends: 1 and 2.\nAll: 1, 1.5, 2.\nMore.")
    html = shown(explore(lambda x: picture, [slider("x", [1])], title="T"))
    assert ">Ends: 1 and 2.</span>\nAll: 1, 1.5, 2.\nMore.</p>" in html
    assert ".explorer .explorer-description{white-space:pre-line" in STYLE


def unbroken(html):
    return re.findall('<span class="explorer-unbroken">([^<]+)</span>', html)


def test_names_of_networks_and_powers_of_ten_do_not_break():
    picture = Picture("<svg/>", "67,500-5-5-1, x < 1e-16\nmin-max 2-8-1.")
    ask = Prediction("Is 2-2-1 enough?", {"no": "2-3-1, too.", "4-5": "Yes."})
    explorer = explore(lambda x: picture, [slider("x", [1])], title="A 2-6-6-1", prediction=ask)
    assert unbroken(shown(explorer)) == ["67,500-5-5-1", "1e-16", "2-8-1"]
    assert "x &lt; <span" in shown(explorer)
    expected = ["2-6-6-1", "2-2-1", "4-5", "67,500-5-5-1", "1e-16", "2-8-1"]
    assert unbroken(explorer._panel.static()) == expected
    texts = [w.value for w in all_widgets(explorer) if isinstance(w, ipywidgets.HTML)]
    assert {"2-6-6-1", "2-2-1", "2-3-1"} <= {name for text in texts for name in unbroken(text)}
    assert ".explorer-unbroken{white-space:nowrap" in STYLE


def test_the_plain_copy_names_the_controls_for_readers_on_paper(explorer):
    static = explorer._panel.static()
    paper = "The book on screen has them all, with controls for kind, x, t."
    assert f'<small class="explorer-paper">{paper}</small>' in static
    assert ".explorer-paper{display:none" in STYLE
    assert "@media print{.explorer-screen{display:none;}.explorer-paper{display:inline;}}" in STYLE


def test_text_is_escaped():
    picture = Picture("<svg/>", "a < b & c")
    explorer = explore(lambda x: picture, [slider("x", [1])], title="T <1>", prediction=ASK)
    assert "a &lt; b &amp; c" in shown(explorer)
    static = explorer._panel.static()
    assert "T &lt;1&gt;" in static
    assert "<li>this &lt;one&gt;</li>" in static


def test_pictures_share_their_layout_and_style(explorer):
    pictures = [w for w in all_widgets(explorer) if 'role="img"' in str(getattr(w, "value", ""))]
    assert len(pictures) == 12
    assert len({w.layout.model_id for w in pictures}) == 1
    assert len({w.style.model_id for w in pictures}) == 1


def test_it_displays_the_first_state_for_pages_without_scripts(explorer, monkeypatch):
    published = []
    shell = InteractiveShell.instance()
    monkeypatch.setattr(
        shell.display_pub, "publish", lambda data, metadata=None, **_: published.append(data)
    )
    explorer._ipython_display_()
    InteractiveShell.clear_instance()
    static, widget = published
    assert "a at 1, step 0." in static["text/html"]
    assert "hidden" in static["text/html"]
    view = widget["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.widget.model_id
    json.dumps(published)
