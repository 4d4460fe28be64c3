"""ELAN's annotation documents (.eaf): XML with a list of times, tiers, and annotations that point at both.

A symbolic annotation has no times of its own; it takes those of the annotation it belongs to, and several under one are
joined. DTDs and entities are refused: an annotation document needs none, and they can make a parser read other files or
grow without end. https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat

from workbench.core.text.clean import clean_label, clean_name
from workbench.core.types import Seconds
from workbench.language.said import say
from workbench.services.importers.annotations import Annotations, Span, Unreadable
from workbench.services.importers.lines import Problem

LARGEST: Final = 256 * 2**20  # bytes; an hour of dense annotation takes about 5 MB
LATEST_MS: Final = 10**9  # eleven days; anything later is damage
_LINE: Final = "workbench-line"
_SAVE_AGAIN: Final = say("save it again with ELAN")
_ALIGN: Final = say("align it in ELAN")

Times = tuple[Seconds, Seconds]


def read(content: bytes, name: str) -> Annotations:
    """The tiers with text.

    Raises:
        Unreadable: No XML, no annotation document, or one with a DTD.
    """
    root = _parse(content)
    if root.tag != "ANNOTATION_DOCUMENT":
        found_root = clean_name(str(root.tag), 40)
        raise Unreadable(say("not an ELAN document (its root is {root})", root=found_root), say("save it with ELAN"))
    header = root.find("HEADER")
    units = header.get("TIME_UNITS", "milliseconds") if header is not None else "milliseconds"
    if units != "milliseconds":
        reason = say("its times are in {units}", units=clean_name(units, 30))
        raise Unreadable(reason, say("save it with times in milliseconds"))
    found = Annotations()
    for media in root.iter("MEDIA_DESCRIPTOR"):
        found.media += [unquote(url) for url in (media.get("RELATIVE_MEDIA_URL"), media.get("MEDIA_URL")) if url]
        found.origin = found.origin or _milliseconds(media.get("TIME_ORIGIN")) or 0.0
    times = _times(root, name, found)
    for tier in root.findall("TIER"):
        spans = list(_spans(tier, times, name, found))
        if spans:
            found.tiers[clean_name(tier.get("TIER_ID", "")) or "(unnamed)"] = spans
    return found


def _parse(content: bytes) -> ElementTree.Element:
    if len(content) > LARGEST:
        raise Unreadable(
            say("larger than {most_mb} MB", most_mb=LARGEST // 2**20), say("split it into several documents")
        )
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        builder.start(tag, {**attributes, _LINE: str(parser.CurrentLineNumber)})

    def refuse(*_: object) -> None:
        raise Unreadable(say("it holds a DTD or entities, which ELAN never writes"), _SAVE_AGAIN)

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as e:
        line = e.lineno if isinstance(e, expat.ExpatError) else 0
        reason = say("not valid XML (line {line})", line=line) if line else say("not valid XML")
        raise Unreadable(reason, _SAVE_AGAIN) from e


def _times(root: ElementTree.Element, name: str, found: Annotations) -> dict[str, Times]:
    """Annotation id -> start and end, also of those that borrow them from another."""
    slots = {s.get("TIME_SLOT_ID"): _milliseconds(s.get("TIME_VALUE")) for s in root.iter("TIME_SLOT")}
    times: dict[str, Times] = {}
    for annotation in root.iter("ALIGNABLE_ANNOTATION"):
        start, end = (slots.get(annotation.get(f"TIME_SLOT_REF{n}")) for n in (1, 2))
        if start is not None and end is not None:
            times[annotation.get("ANNOTATION_ID", "")] = (start, end)
        elif _text(annotation):
            reason = say("'{text}' has no times", text=clean_name(_text(annotation), 40))
            found.problems.append(Problem(name, _line(annotation), reason, _ALIGN))
    borrowers = {a.get("ANNOTATION_ID", ""): a.get("ANNOTATION_REF", "") for a in root.iter("REF_ANNOTATION")}
    for borrower in borrowers:
        owner, steps = borrowers[borrower], 0
        while owner in borrowers and steps < len(borrowers):  # a circle ends after as many steps
            owner, steps = borrowers[owner], steps + 1
        if owner in times:
            times[borrower] = times[owner]
    return times


def _spans(tier: ElementTree.Element, times: dict[str, Times], name: str, found: Annotations) -> Iterator[Span]:
    speaker = clean_name(tier.get("PARTICIPANT", "")) or None
    by_time: dict[Times, tuple[list[str], int]] = {}
    for annotation in tier.iter():
        if annotation.tag not in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            continue
        text, place = _text(annotation), times.get(annotation.get("ANNOTATION_ID", ""))
        if text and place:
            by_time.setdefault(place, ([], _line(annotation)))[0].append(text)
        elif text and annotation.tag == "REF_ANNOTATION":
            reason = say("'{text}' belongs to no annotation with times", text=clean_name(text, 40))
            found.problems.append(Problem(name, _line(annotation), reason, _ALIGN))
    for (start, end), (texts, line) in sorted(by_time.items()):
        yield Span(start, end, " ".join(texts), line, speaker)


def _text(annotation: ElementTree.Element) -> str:
    return clean_label(annotation.findtext("ANNOTATION_VALUE") or "")


def _line(annotation: ElementTree.Element) -> int:
    return int(annotation.get(_LINE, "0"))


def _milliseconds(value: str | None) -> Seconds | None:
    try:
        found = int(value) if value else None
    except ValueError:
        return None
    return found / 1000 if found is not None and abs(found) <= LATEST_MS else None
