"""Whatever somebody wrote is shown as text; figures are said in words and not by colour alone."""

import re

import pytest

from tests.ui.conftest import HOSTILE
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.services.clips.sets import ImportReport
from workbench.services.importers.lines import Problem
from workbench.services.inference.draft_progress import DraftView
from workbench.services.results.comparison import RunComparison
from workbench.ui.adapt import preview as before
from workbench.ui.charts import svg as charts
from workbench.ui.compare import results
from workbench.ui.kit import html as render


def assert_harmless(html: str) -> None:
    """No tag and no template sign of the hostile text survived."""
    assert not re.search(r"<script|<img src=x|\$\{|\{\{|`", html, re.IGNORECASE), html
    assert "alert(1)" in html, "the text itself is shown"


def test_every_sign_that_html_or_a_template_reads_is_written_as_an_entity() -> None:
    assert_harmless(render.esc(HOSTILE))
    assert render.esc("a\\b`'\"") == "a&#92;b&#96;&#x27;&quot;"


def test_an_import_report_names_file_reason_and_remedy() -> None:
    problems = (Problem(HOSTILE, 3, HOSTILE, HOSTILE),)
    html = render.import_report(ImportReport("s", 2, 1, problems, problems))
    assert_harmless(html)
    assert "2 clips added · 1 already in the set · 1 rejected" in html
    assert "line 3" in html


def test_drafts_and_plans_are_escaped() -> None:
    for html in (
        before.strategies([(HOSTILE, HOSTILE, HOSTILE)]),
        render.drafting(DraftView("s", HOSTILE, 1, 2, 3.0, True, HOSTILE)),
    ):
        assert_harmless(html)


def result(adapted: str = "one two", *, reference: str = "one two", n: int = 12) -> RunComparison:
    rows = [ComparisonRow(f"{i}.wav", reference, "one", adapted, speaker="a", clip_id=i + 1) for i in range(n)]
    return RunComparison("run-1", "base", "run-1", compare(rows, normalizer="marks", terms=["two"]), ("a note",))


@pytest.mark.parametrize(
    ("adapted", "word", "sign"), [("one two", "Better", "▼"), ("one", "No proof", "○"), ("x y z", "Worse", "▲")]
)
def test_the_verdict_stands_in_words_with_interval_and_normalizer(adapted: str, word: str, sign: str) -> None:
    html = results.overall(result(adapted))
    assert f"{sign} {word}" in html
    assert "95 % interval" in html
    assert "marks normalizer" in html
    assert "In training" in html
    behind = results.details(result(adapted))
    assert "“marks” text rules (normalizer)" in behind
    assert "Substitutions" in behind


def test_word_differences_are_marked_without_colour_too() -> None:
    rows = [ComparisonRow("a", "one two three", "one too three", "two three four", clip_id=1)]
    found = results.clips(compare(rows, normalizer="marks"))[0]
    html = results.clip(found, base_name="b", adapted_name="r", normalizer="marks")
    assert "<s>two</s> too" in html
    assert "<del>one</del>" in html
    assert "<ins>four</ins>" in html


def test_a_hostile_clip_stays_text_in_every_part_of_the_comparison() -> None:
    row = ComparisonRow(HOSTILE, HOSTILE, HOSTILE, HOSTILE + " x", speaker=HOSTILE, clip_id=1)
    comparison = compare([row, row], normalizer="none", terms=[HOSTILE])
    shown = RunComparison("run-1", HOSTILE, HOSTILE, comparison, (HOSTILE,))
    assert_harmless(results.overall(shown) + results.details(shown))
    found = results.clips(comparison)[0]
    assert_harmless(results.clip(found, base_name=HOSTILE, adapted_name=HOSTILE, normalizer="none"))


def test_the_list_of_clips_begins_with_the_most_improved() -> None:
    rows = [
        ComparisonRow("same", "a b", "a b", "a b", clip_id=1),
        ComparisonRow("fixed", "a b", "x y", "a b", clip_id=2),
        ComparisonRow("broken", "a b", "a b", "x y", clip_id=3),
    ]
    listed = results.clip_rows(results.clips(compare(rows, normalizer="marks")), 2)
    assert [c["name"] for c in listed["clips"]] == ["fixed", "same", "broken"]
    assert [c["change"] for c in listed["clips"]] == ["▼ −100", "=", "▲ +100"]


def test_a_curve_says_its_newest_value_and_survives_one_point() -> None:
    assert "now 12.5 %" in charts.curve("WER", [(10, 0.125)], kind="wer", last_step=20, percent=True)
    assert "aria-label" in charts.curve("Loss", [], kind="loss", last_step=0)


@pytest.mark.parametrize(("n", "said"), [(5_790, "5,790"), (3_200_000, "3.2 M"), (94_400_000, "94.4 M")])
def test_weights_are_counted_in_words(n: int, said: str) -> None:
    assert render.count(n) == said
