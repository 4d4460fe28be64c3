"""One clip over one time axis as plain data, which timeline.js draws: spectrogram, and words at their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.evaluation.compared_lanes import heard_lane, reference_lane
from workbench.core.evaluation.scoring import ClipScore, score_clip
from workbench.core.evaluation.written import as_written
from workbench.core.text.normalize import normalizer
from workbench.core.types import Seconds
from workbench.core.word_times import LaneWord, Span, Text, WordTimes
from workbench.services.inference.try_out import Try
from workbench.services.inference.word_times import Placing
from workbench.ui import text
from workbench.ui.kit.html import percent


@dataclass(frozen=True)
class Shown:
    """A clip to be drawn.

    Attributes:
        clip: Names it in the page; with another name the picture is drawn anew.
        sound: Address of its sound.
        spectrum: Address of its spectrogram, but for the scale.
    """

    clip: str
    name: str
    speaker: str
    duration: Seconds
    sound: str
    spectrum: str


@dataclass(frozen=True)
class Side:
    """What one model wrote.

    Attributes:
        role: "base" or "adapted", the left or the right side.
        title: What the side is called on the page.
        name: The model or run.
        detail: More about its times; empty where there is nothing to say.
    """

    role: str
    title: str
    name: str
    written: Text
    score: ClipScore
    detail: str = ""


def timeline(
    shown: Shown, reference: Text, sides: Sequence[Side], *, normalizer_name: str, placed_by: str, placing: Placing
) -> dict[str, Any]:
    """A tested clip: what was said, and what either side wrote.

    Args:
        placed_by: The model that the reference's times come from.
    """
    normalize = normalizer(normalizer_name)
    said = reference_lane(reference)
    detail = text.LANE_SAID_BY.format(name=placed_by) if reference.times and reference.times.spans else ""
    lanes = [_lane("reference", text.LANE_SAID, detail, said, reference.times)]
    for side in sides:
        ops = as_written(reference.written, side.written.written, side.score, normalize)
        words = heard_lane(side.written, ops, said)
        facts = " · ".join(p for p in (side.name, f"{percent(side.score.wer)} WER", side.detail) if p)
        lanes.append(_lane(side.role, side.title, facts, words, side.written.times))
    return _value(shown, lanes, placing)


def tried_timeline(tried: Try, titles: Sequence[tuple[str, str]], normalizer_name: str) -> dict[str, Any]:
    """A sound on trial: what each model wrote, compared with what was said where that was typed.

    Args:
        titles: Of each listener what its side is called, and its model or run.
    """
    shown = Shown(f"try-{tried.token}", tried.name, "", tried.duration, f"tries/{tried.token}", f"tries/{tried.token}/")
    texts = [Text(written, times) for written, times in zip(tried.texts, tried.times, strict=True)]
    roles = [one.role for one in tried.listeners]
    if tried.said:
        sides = [
            Side(role, *names, written, score_clip(tried.said, written.written, normalizer_name))
            for role, names, written in zip(roles, titles, texts, strict=True)
        ]
        reference = Text(tried.said, tried.said_times)
        named: dict[str, Any] = {"normalizer_name": normalizer_name, "placed_by": tried.placed_by}
        return timeline(shown, reference, sides, **named, placing=Placing("there"))
    lanes = []
    for role, (title, name), written in zip(roles, titles, texts, strict=True):
        spans = written.times.spans if written.times else ()
        words = written.written.split()
        known = spans if len(spans) == len(words) else (None,) * len(words)
        plain = [LaneWord(word, "said", span=span) for word, span in zip(words, known, strict=True)]
        lanes.append(_lane(role, title, name, plain, written.times))
    return _value(shown, lanes, Placing("there"))


def _value(shown: Shown, lanes: list[dict[str, Any]], placing: Placing) -> dict[str, Any]:
    return {
        "key": shown.clip,
        "clip": shown.clip,
        "name": shown.name,
        "speaker": shown.speaker,
        "duration": round(shown.duration, 3),
        "sound": shown.sound,
        "spectrum": shown.spectrum,
        "lanes": lanes,
        "placing": placing.state,
        "message": placing.message,
    }


def _lane(role: str, title: str, detail: str, words: Sequence[LaneWord], times: WordTimes | None) -> dict[str, Any]:
    return {
        "role": role,
        "title": title,
        "detail": detail,
        "why": times.why if times else "",
        "words": [
            {
                "text": word.text,
                "kind": word.kind,
                "said": word.said,
                **_span(word.span, "from", "to"),
                **_span(word.said_span, "saidFrom", "saidTo"),
            }
            for word in words
        ],
    }


def _span(span: Span | None, begins: str, ends: str) -> dict[str, float | None]:
    return {begins: None, ends: None} if span is None else {begins: round(span[0], 3), ends: round(span[1], 3)}
