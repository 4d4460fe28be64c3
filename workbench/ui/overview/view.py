"""An overview as plain data, which overview.js draws; and the clips that a click on it means, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workbench.core.overview.contents import FIGURES, measures
from workbench.services.clips.overview import Overview, Wish
from workbench.services.clips.prompts import QUIET_DB
from workbench.ui.kit.html import number
from workbench.ui.overview import text

SHOWN_WORDS: Final = 30
SHOWN_SPEAKERS: Final = 12
SHOWN_TERMS: Final = 200
# In the order in which they are shown; those of parts only where the set has parts.
FIRST: Final = ("clips", "minutes", "confirmed", "drafted", "unlabelled")
PARTS: Final = ("train", "dev", "test", "in_no_part")
REST: Final = (
    *("speakers", "speaker_unknown", "words", "different_words", "words_once"),
    *("without_text", "with_digits", "with_warnings"),
)
IF_ANY: Final = frozenset(("in_no_part", "speaker_unknown", "without_text", "with_digits", "with_warnings"))
RANGED: Final = ("duration", "level", "pace", "error")


def view(found: Overview) -> dict[str, Any]:
    """The overview of a set as plain data: figures, gaps, one column of numbers for each measure, speakers, words."""
    contents = found.contents
    if not contents.clips:
        return {"empty": text.EMPTY}
    return {
        "gaps": [{"kind": g.kind, "said": g.sentence, "n": len(g.clips)} for g in found.gaps],
        "lead": text.MISSING_MOST.format(sentence=found.gaps[0].sentence) if found.gaps else text.NOTHING_MISSING,
        "figures": list(_figures(found)),
        "columns": _columns(found),
        "unmeasured": found.unmeasured,
        "unreadable": sum(level is None for level in found.levels) - found.unmeasured,
        "heardBy": contents.heard_by or "",
        "measure": contents.measure,
        "quietDb": QUIET_DB,
        **_speakers(found),
        **_words(found),
    }


def _figures(found: Overview) -> Iterator[dict[str, Any]]:
    numbers = found.contents.figures()
    numbers["minutes"] = number(numbers["seconds"] / 60, ".1f")
    parts = () if numbers["in_folds"] else PARTS
    for name in (*FIRST, *parts, *REST):
        value = numbers[name]
        if name in IF_ANY and not value:
            continue
        label = "characters" if name == "words" and found.contents.measure == "cer" else name
        shown = value if isinstance(value, str) else number(value)
        yield {"name": name if name in FIGURES and value else "", "label": text.FIGURES[label], "value": shown}
    if not parts:
        yield {"name": "", "label": text.FIGURES["in_folds"], "value": number(numbers["confirmed"])}


def _columns(found: Overview) -> dict[str, list[Any]]:
    """A column for each measure, and the clips' ids and names; rows would be five times as long."""
    clips = found.contents.clips
    by_sound = dict(zip((clip.sha256 for clip in clips), found.levels, strict=True))
    rows = list(measures(found.contents, by_sound.get))
    numbers = {name: [row[name] for row in rows] for name in RANGED}
    return {"id": [clip.id for clip in clips], "name": [clip.name for clip in clips], **numbers}


def _speakers(found: Overview) -> dict[str, Any]:
    minutes = [(name or "", round(seconds / 60, 2)) for name, seconds in found.contents.speakers.items()]
    rest = minutes[SHOWN_SPEAKERS:]
    return {
        "speakers": [{"name": name, "minutes": n} for name, n in minutes[:SHOWN_SPEAKERS]],
        "moreSpeakers": {"n": len(rest), "minutes": round(sum(n for _, n in rest), 1)},
    }


def _words(found: Overview) -> dict[str, Any]:
    words = found.contents.vocabulary
    once = sorted((word for word, n in words.items() if n == 1), key=lambda word: (-len(word), word))
    terms = sorted(found.contents.terms.items(), key=lambda item: len(item[1]))
    return {
        "frequent": [[word, n] for word, n in words.most_common(SHOWN_WORDS) if n > 1],
        "once": [[word, 1] for word in once[:SHOWN_WORDS]],
        "nOnce": len(once),
        "terms": [[term, len(clips)] for term, clips in terms[:SHOWN_TERMS]],
    }


def wish_of(said: Mapping[str, Any]) -> Wish:
    """What a click means; parts that no picture has are passed over."""
    ranges = {
        name: (float(ends[0]), None if ends[1] is None else float(ends[1]))
        for name, ends in dict(said.get("ranges") or {}).items()
        if name in RANGED
    }
    figure = said.get("figure")
    speaker = said.get("speaker")
    return Wish(
        figure=figure if figure in FIGURES else None,
        gap=str(said.get("gap") or "") or None,
        ranges=ranges or None,
        speaker=None if speaker is None else str(speaker),
        word=str(said.get("word") or "") or None,
        term=str(said.get("term") or "") or None,
    )


def in_words(wish: Wish, found: Overview) -> str:
    """Which clips are meant, a phrase."""
    gap = next((str(g.sentence) for g in found.gaps if g.kind == wish.gap), "")
    said = [_range(name, *ends) for name, ends in (wish.ranges or {}).items()]
    if wish.speaker is not None:
        said.append(text.OF_SPEAKER.format(name=wish.speaker) if wish.speaker else text.OF_UNKNOWN)
    said += [text.WITH_WORD.format(word=word) for word in (wish.word, wish.term) if word]
    said += [text.FIGURES[wish.figure]] if wish.figure else []
    return ", ".join([*said, *([gap.rstrip(".")] if gap else [])])


def _range(name: str, low: float, high: float | None) -> str:
    times = 100 if name == "error" else 1
    if high is None:
        return text.WHICH_OPEN[name].format(low=number(low * times, "g"))
    return text.WHICH[name].format(low=number(low * times, "g"), high=number(high * times, "g"))
