"""The label doctor beside the list of clips: what looks wrong, one click that mends it, one that takes it back."""

from typing import Any, Final

from workbench.core.doctor.checks import TITLES
from workbench.core.evaluation.scoring import score_clip
from workbench.errors import DataError
from workbench.services.labels.doctor import Examined, Example, Note, Report
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.components import doctor_list
from workbench.ui.kit.errors import quiet, say, shown
from workbench.ui.kit.html import number, plural

SHOWN: Final = 300  # characters of a label in an example


class DoctorPanel:
    """The findings of the chosen set, held against the model that drafts."""

    def __init__(self, workbench: Workbench) -> None:
        self.doctor, self.drafting = workbench.doctor, workbench.drafting

    def build(self) -> None:
        self.panel = doctor_list(elem_id="doctor")

    def view(self, set_name: str, model: str | None, *, asked: bool = False) -> dict[str, Any]:
        """The findings as plain data; of a large set only where somebody asked."""
        if not set_name:
            return {}
        report = self.doctor.report(set_name, model) if asked else self.doctor.automatic(set_name, model)
        applied = [
            {"kind": a.kind, "title": TITLES[a.kind], "text": _mended(a.kind, len(a.clips))}
            for a in self.doctor.applied(set_name)
        ]
        if report is None:
            return {"summary": text.DOCTOR, "applied": applied, "check": text.CHECK_LABELS}
        if not report.clips and not applied:
            return {}
        return {
            "summary": _summary(report),
            "findings": [_finding(e, report) for e in report.findings],
            "applied": applied,
            "note": text.DEAF.format(model=report.model)
            if report.deaf
            else ""
            if report.findings
            else text.NOTHING_WRONG,
            "listen": _listen(report),
        }

    @quiet(1)
    def refresh(self, set_name: str, model: str | None) -> dict[str, Any]:
        return self.view(set_name, model)

    @shown
    def check(self, set_name: str, model: str | None) -> dict[str, Any]:
        return self.view(set_name, model, asked=True)

    @shown
    def listen(self, set_name: str, model: str | None) -> dict[str, Any]:
        """Let the model hear the labelled clips, in a thread; the findings follow."""
        self.drafting.start_hearing(set_name, model or "", self.doctor.unheard(set_name, model or ""))
        return self.view(set_name, model)

    def mend(self, set_name: str, model: str | None, kind: str, author: str) -> None:
        """Apply a remedy and say how much it changed."""
        done = self.doctor.apply(set_name, kind, author=author, model=model)
        say(_mended(kind, len(done.clips)))

    def take_back(self, set_name: str, kind: str, author: str) -> None:
        say(text.TAKEN_BACK.format(n=_labels(self.doctor.take_back(set_name, kind, author=author))))

    def only(self, set_name: str, model: str | None, kind: str) -> dict[str, Any]:
        """The clips of a finding, for the list to show alone: ids travel, not clips."""
        report = self.doctor.report(set_name, model)
        ids = next((list(e.finding.clips) for e in report.findings if e.finding.kind == kind), [])
        return {"ids": ids, "text": text.ONLY.format(n=plural(len(ids), text.CLIP), title=TITLES[kind])}

    def mend_one(self, set_name: str, model: str | None, kind: str, clip_id: int, author: str) -> None:
        """Apply a remedy to one clip."""
        done = self.doctor.apply(set_name, kind, author=author, model=model, clip_ids=[clip_id])
        if not done.clips:
            raise DataError(text.CLIP_CHANGED)

    def notes(self, set_name: str, model: str | None) -> dict[int, list[dict[str, Any]]]:
        """What stands at the clips, each with its remedy; nothing for a large set that nobody has examined.

        "label" is what a note was said of: it does not hold for another one.
        """
        report = self.doctor.automatic(set_name, model)
        waiting = self.doctor.to_hear_again(set_name)
        notes: dict[int, list[dict[str, Any]]] = {
            clip_id: [{"kind": "", "said": text.HEAR_AGAIN.format(title=TITLES[kind]), "remedy": "", "gives": ""}]
            for clip_id, kind in waiting.items()
        }
        for clip_id, found in (report.notes() if report else {}).items():
            notes[clip_id] = [_note(n) for n in found]
        return notes


def _note(note: Note) -> dict[str, Any]:
    """A finding at its clip, with what one click would do."""
    remedy = text.CLIP_REMEDIES[note.kind] if note.mends else ""
    gives = text.CLIP_REMEDY_GIVES.format(remedy=remedy, after=note.after[:SHOWN]) if note.after else remedy
    return {"kind": note.kind, "said": note.said, "label": note.label, "remedy": remedy, "gives": gives}


def _summary(report: Report) -> str:
    if not report.findings:
        return text.DOCTOR_HAPPY.format(labels=_labels(report.clips))
    return text.DOCTOR_FOUND.format(n=plural(len(report.findings), text.A_THING), labels=_labels(report.clips))


def _finding(examined: Examined, report: Report) -> dict[str, Any]:
    finding, examples = examined.finding, examined.examples
    n, more = len(finding.changes), len(finding.changes) - len(examples)
    sure = ""
    if examined.tests:
        some = text.ONE_JUDGES if examined.tests == 1 else text.SOME_JUDGE.format(n=examined.tests)
        judge = text.ALL_JUDGE if report.in_folds else some
        sure = text.MEND_SURE.format(remedy=finding.remedy, n=_labels(n), judge=judge)
    return {
        "kind": finding.kind,
        "title": TITLES[finding.kind],
        "count": plural(len(finding.clips), text.CLIP),
        "sentence": finding.sentence,
        "examples": [_example(e) for e in examples],
        "more": text.AND_MORE.format(n=number(more)) if more > 0 else "",
        "remedy": finding.remedy,
        "sure": sure,
    }


def _example(example: Example) -> dict[str, Any]:
    """A change word by word: [kept, left out, put in]; without words it is the confirmation that goes."""
    before, after = example.before[:SHOWN], (example.after or "")[:SHOWN]
    steps = score_clip(before, after, "none").alignment if after else ()
    words = [[op.hypothesis, "", ""] if op.kind == "equal" else ["", op.reference, op.hypothesis] for op in steps]
    return {"name": example.name, "before": before, "words": words, "note": example.note}


def _listen(report: Report) -> str:
    unheard = report.clips - report.drafted
    if not report.model or not unheard:
        return ""
    return text.LET_LISTEN.format(model=report.model, n=plural(unheard, text.A_LABELLED_CLIP))


def _mended(kind: str, n: int) -> str:
    return text.MENDED.format(n=_labels(n), title=TITLES[kind])


def _labels(n: int) -> str:
    return plural(n, text.A_LABEL)
