"""The guided path: Collect, Adapt, Compare; where the user is, what is there, and what is missing in numbers.

A function of facts and nothing else: the same set and run give the same guide in every tab.
"""

from dataclasses import dataclass
from typing import Final

from workbench.core.evaluation.sample_size import Enough
from workbench.services.clips.sets import SetInfo
from workbench.services.runs.readiness import Readiness
from workbench.ui import text
from workbench.ui.kit.html import bar, esc, number, plural

Link = str  # id of a place on the page

TO_WELCOME: Final[Link] = "welcome"
TO_COLLECT: Final[Link] = "step-collect"
TO_LABEL: Final[Link] = "step-label"
TO_ADAPT: Final[Link] = "step-adapt"
TO_COMPARE: Final[Link] = "step-compare"
STAGES: Final = ("collect", "adapt", "compare")  # as addresses name them; `text.STEPS` as people read them


@dataclass(frozen=True)
class Facts:
    """What the guide is a function of.

    Attributes:
        readiness: How far the set is; None where no set is chosen.
        run: The shown run in a few words; empty for none.
        active: Whether that run waits or works.
        verdict: "better", "no proof", "worse" or "nothing kept"; empty where nothing was compared.
        rates: The error rates before and after, as they are shown.
    """

    readiness: Readiness | None = None
    run: str = ""
    active: bool = False
    verdict: str = ""
    rates: str = ""


@dataclass(frozen=True)
class Guide:
    """What the guide says.

    Attributes:
        here: Which step is at hand: 0 Collect, 1 Adapt, 2 Compare.
        done: Which steps are done.
        facts: What each step has, in a few words.
        next: What to do next, one sentence.
        link: Where to do it.
        progress: Test clips there are, and how many are enough; None where that is not the matter.
    """

    here: int
    done: tuple[bool, bool, bool]
    facts: tuple[str, str, str]
    next: str
    link: Link
    progress: tuple[int, int] | None = None


def guide(facts: Facts) -> Guide:
    """Where the user is, and what comes next."""
    here, sentence, link = _next(facts)
    ready = facts.readiness
    info = ready.info if ready else None
    judged = bool(facts.verdict)
    reading = ready is not None and ready.info.confirmed > 0 and ready.enough.more_labelled > 0 and not judged
    return Guide(
        here=here,
        done=(bool(ready and info and info.clips and not ready.enough.more_labelled), judged, judged),
        facts=(
            text.GUIDE_CONFIRMED.format(n=number(info.confirmed), of=number(info.clips))
            if info and info.clips
            else text.GUIDE_NO_CLIPS,
            facts.run or text.GUIDE_NO_RUN,
            " · ".join(filter(None, (text.VERDICTS[facts.verdict], facts.rates))) if judged else text.GUIDE_NO_VERDICT,
        ),
        next=sentence,
        link=link,
        progress=(ready.enough.tested, ready.enough.needed) if ready and reading and not facts.active else None,
    )


def guide_html(found: Guide) -> tuple[str, str]:
    """The guide as a row of links, one for each stage, and one line about what comes next."""
    items = "".join(_step(found, i) for i in range(len(STAGES)))
    drawn = bar(found.progress[0] / found.progress[1], text.GUIDE_BAR) if found.progress else ""
    return (
        f"<nav aria-label='{esc(text.GUIDE_STEPS)}'><ol class='stepper'>{items}</ol></nav>",
        f"<div class='next'><b>{esc(text.GUIDE_NEXT)}</b><span>{esc(found.next)}</span>{drawn}"
        f"<a href='#{esc(found.link)}'>{esc(_says(found.link))}</a></div>",
    )


def _says(link: Link) -> str:
    return {
        TO_WELCOME: text.GUIDE_START,
        TO_COLLECT: text.GUIDE_COLLECT,
        TO_LABEL: text.GUIDE_LABEL,
        TO_ADAPT: text.GUIDE_ADAPT,
        TO_COMPARE: text.GUIDE_COMPARE,
    }[link]


def _step(found: Guide, i: int) -> str:
    name, stage, signs = text.STEPS[i], STAGES[i], {"done": found.done[i], "here": i == found.here}
    classes = " ".join(sign for sign, holds in signs.items() if holds)
    return (
        f"<li class='{classes}'><a href='#step={stage}' data-step='{stage}'>"
        f"<i aria-hidden='true'>{'✓' if found.done[i] else i + 1}</i><b>{esc(name)}</b>"
        f"<span>{esc(found.facts[i])}</span></a></li>"
    )


def loading_html() -> tuple[str, str]:
    """The guide until the first answer has come."""
    waiting = (text.LOADING, text.LOADING, text.LOADING)
    return guide_html(Guide(0, (False, False, False), waiting, text.LOADING, TO_COLLECT))


def _next(facts: Facts) -> tuple[int, str, Link]:
    """The step at hand, what to do, and where."""
    ready = facts.readiness
    if ready is None:
        return 0, text.GUIDE_NO_SET, TO_WELCOME
    if facts.active:
        return 1, text.GUIDE_WAIT, TO_ADAPT
    if facts.verdict:
        return 2, text.GUIDE_AFTER[facts.verdict], TO_COMPARE  # the verdict itself says how many clips are missing
    if not ready.info.clips:
        return 0, text.GUIDE_EMPTY.format(start=ready.to_start, needed=ready.enough.needed), TO_COLLECT
    unchecked = ready.info.clips - ready.info.confirmed
    if ready.to_start:
        sentence = text.GUIDE_TO_START.format(more=plural(ready.to_start, text.GUIDE_LABELLED))
        return 0, sentence + _waiting(ready.info), TO_LABEL if unchecked else TO_COLLECT
    if ready.obstacle:
        return 0, ready.obstacle, TO_COLLECT
    if facts.run:
        return 1, text.GUIDE_NO_RESULT, TO_ADAPT
    if ready.enough.more_labelled:
        return 0, _to_prove(ready.enough) + _waiting(ready.info), TO_LABEL if unchecked else TO_COLLECT
    return 1, text.GUIDE_READY.format(tested=plural(ready.enough.tested, text.CLIP)), TO_ADAPT


def _to_prove(enough: Enough) -> str:
    """How many labelled clips are missing, and why."""
    more = plural(enough.more_labelled, text.GUIDE_LABELLED)
    if not enough.errors:
        return text.GUIDE_TO_TEST.of(enough.more_labelled).format(more=more)
    errors, tested = plural(enough.errors, text.BASE_ERROR), plural(enough.tested, text.TEST_CLIP)
    return text.GUIDE_TO_PROVE.format(more=more, errors=errors, tested=tested)


def _waiting(info: SetInfo) -> str:
    """What to do with the clips that have no confirmed label: a model writes faster than a hand."""
    if info.drafted:
        return f" {text.GUIDE_DRAFTED.format(drafts=plural(info.drafted, text.DRAFT))}"
    if not info.unlabelled:
        return ""
    clips = plural(info.unlabelled, text.CLIP)
    return f" {text.GUIDE_UNCHECKED.format(clips=clips, button=text.DRAFT_ALL)}"
