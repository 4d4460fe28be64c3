"""The forgetting meter: the verdict in words and signs, the red line drawn and said, nothing unescaped."""

from collections.abc import Callable

import gradio as gr
import pytest

from tests.ui.conftest import HOSTILE
from tests.ui.kit.test_html import assert_harmless
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.evaluation.forgetting import Forgetting
from workbench.services.workbench import Workbench
from workbench.ui.adapt.section import SETTINGS, Adapt
from workbench.ui.charts.forgetting import forgetting


def check(adapted: str, changed: int, name: str = "general") -> Forgetting:
    rows = [ComparisonRow("c", "a b c d", "a b c d", adapted if i < changed else "a b c d") for i in range(40)]
    return Forgetting(name, 0.03, compare(rows, normalizer="marks", scheme="given"))


@pytest.mark.parametrize(
    ("changed", "word"),
    [(40, "▲ Forgot too much"), (8, "△ Perhaps forgot too much"), (3, "○ Cannot tell"), (0, "✓ Within the red line")],
)
def test_the_meter_says_in_words_where_the_change_stands(changed: int, word: str) -> None:
    html = forgetting(check("a b c", changed))
    assert word in html
    assert "red line +3.0" in html
    assert "the red line is at +3.0 points" in html  # for those who do not see the picture


def test_a_large_gain_leaves_room_for_the_words_on_the_left() -> None:
    rows = [ComparisonRow("c", "a b c d", "x y z w", "a b c d") for _ in range(40)]
    html = forgetting(Forgetting("general", 0.03, compare(rows, normalizer="marks", scheme="given")))
    assert "◂ better than before" in html
    assert "forgets more" not in html


def test_nothing_was_asked_nothing_is_shown_and_what_was_not_scored_has_no_bar() -> None:
    assert forgetting(None) == ""
    html = forgetting(Forgetting("general", 0.03, unscored="The general set was not scored: the run was stopped."))
    assert "the run was stopped" in html
    assert "<svg" not in html


def test_a_hostile_set_name_stays_text() -> None:
    assert_harmless(forgetting(check("a", 40, HOSTILE)))


def test_the_form_offers_the_other_sets(bench: Workbench, fill: Callable[..., list[int]]) -> None:
    fill("s", 12, text="hello number")
    fill("t", 1, text="other")
    nothing = tuple(None for _ in SETTINGS)
    offer, *fields = Adapt(bench).review("s", "ctc-en", "head", False, {}, *nothing)[7:]
    place = SETTINGS.index("general_set")
    assert (offer["values"][place], fields[place]["choices"]) == ("general", ["general", "t", "none"])
    wished = tuple("none" if name == "general_set" else None for name in SETTINGS)
    html = Adapt(bench).review("s", "ctc-en", "head", False, {"general_set": "general"}, *wished)[0]
    assert "--general-set none" in html
    with gr.Blocks():
        adapt = Adapt(bench)
        adapt.models.build_states()
        adapt.build()
