"""The guided path is a function of facts: the step at hand, and what is missing in numbers."""

import pytest

from tests.ui.conftest import HOSTILE
from tests.ui.kit.test_html import assert_harmless
from workbench.core.evaluation.sample_size import Enough
from workbench.services.clips.sets import SetInfo
from workbench.services.runs.readiness import Readiness
from workbench.ui import text
from workbench.ui.sets.guide import (
    TO_ADAPT,
    TO_COLLECT,
    TO_COMPARE,
    TO_LABEL,
    TO_WELCOME,
    Facts,
    guide,
    guide_html,
)


def readiness(
    clips: int, confirmed: int, *, errors: int | None = None, obstacle: str = "", drafted: int = 0
) -> Readiness:
    info = SetInfo(1, "s", "en", (), clips, confirmed, drafted, clips - confirmed - drafted, 3.0 * clips, 1)
    return Readiness(info, max(0, 4 - confirmed), Enough(confirmed, errors), obstacle)


def test_a_first_visit_starts_at_the_welcome() -> None:
    found = guide(Facts())
    assert (found.here, found.link, found.done) == (0, TO_WELCOME, (False, False, False))


@pytest.mark.parametrize(
    ("ready", "link", "said"),
    [
        (readiness(0, 0), TO_COLLECT, "4 labelled ones are enough to start, 16 make a first test set"),
        (
            readiness(10, 3),
            TO_LABEL,
            "1 more labelled clip, and a first model can learn. Not labelled yet: 7 clips; “Draft all” lets the model",
        ),
        (readiness(10, 3, drafted=7), TO_LABEL, "learn. Waiting to be checked and confirmed: 7 drafts."),
        (readiness(3, 3), TO_COLLECT, "1 more labelled clip, and"),
        (readiness(8, 8), TO_COLLECT, "8 more labelled clips make a first test set"),
        (readiness(20, 15), TO_LABEL, "1 more labelled clip makes a first test set"),
        (
            readiness(30, 30, errors=32),
            TO_COLLECT,
            "You can adapt now. The model makes 32 errors in 30 test clips: about 4 more labelled clips could prove "
            "that half of them are gone.",
        ),
        (readiness(5, 5, obstacle="All hang together."), TO_COLLECT, "All hang together."),
    ],
)
def test_while_collecting_it_says_what_is_missing(ready: Readiness, link: str, said: str) -> None:
    found = guide(Facts(ready))
    assert (found.here, found.link) == (0, link)
    assert said in found.next
    assert not found.done[0]


def test_with_enough_labels_it_leads_to_adapt() -> None:
    found = guide(Facts(readiness(30, 26)))
    assert (found.here, found.link, found.done) == (1, TO_ADAPT, (True, False, False))
    assert "26 clips will judge" in found.next
    assert found.progress is None


def test_a_run_at_work_is_waited_for_and_one_without_result_is_not_the_end() -> None:
    assert guide(Facts(readiness(8, 8), "run-1 running", True)).next == text.GUIDE_WAIT
    found = guide(Facts(readiness(8, 8), "run-1 failed"))
    assert (found.here, found.next) == (1, text.GUIDE_NO_RESULT)


@pytest.mark.parametrize("verdict", text.VERDICTS)
def test_a_verdict_leads_on(verdict: str) -> None:
    found = guide(Facts(readiness(30, 30), "run-1 done", False, verdict))
    assert (found.here, found.link, found.done) == (2, TO_COMPARE, (True, True, True))
    assert found.next == text.GUIDE_AFTER[verdict]
    rates = guide(Facts(readiness(30, 30), "run-1 done", False, verdict, "20.0 → 10.0 %")).facts[2]
    assert rates == f"{text.VERDICTS[verdict]} · 20.0 → 10.0 %"
    few = guide(Facts(readiness(8, 8), "run-1 done", False, verdict))
    assert (few.next, few.progress) == (found.next, None), "how many clips are missing says the verdict, once"


def test_it_shows_how_far_the_test_set_is_and_marks_one_step() -> None:
    tabs, line = guide_html(guide(Facts(readiness(8, 4))))
    assert tabs.count("class='here'") == 1
    assert "4 of 8 confirmed" in tabs
    assert "aria-valuenow='25'" in line
    assert text.GUIDE_NO_VERDICT == "nothing compared yet"


def test_whatever_is_in_the_facts_is_shown_as_text() -> None:
    assert_harmless("".join(guide_html(guide(Facts(readiness(5, 5, obstacle=HOSTILE), HOSTILE)))))
