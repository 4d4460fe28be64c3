"""Texts with times, as ELAN, Praat and subtitle editors write them; every refusal."""

import random

import pytest

from workbench.services.importers import elan, subtitles, textgrid
from workbench.services.importers.annotations import Annotations, Unreadable


def spans(annotations: Annotations) -> dict[str, list[tuple[float, float, str]]]:
    return {tier: [(s.start, s.end, s.text) for s in found] for tier, found in annotations.tiers.items()}


# ELAN: a document as version 6.4 saves it, with a dependent tier, symbolic annotations and an empty tier.
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2023-03-01T10:00:00+01:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Users/ann/talk%20one.wav" MIME_TYPE="audio/x-wav"
            RELATIVE_MEDIA_URL="./talk%20one.wav"/>
        <PROPERTY NAME="lastUsedAnnotationId">6</PROPERTY>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="480"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1730"/>
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
        <TIME_SLOT TIME_SLOT_ID="ts4"/>
        <TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="3250"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="Ann" TIER_ID="A_Transcription">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
                <ANNOTATION_VALUE>ᎣᏏᏲ &amp; &lt;hello&gt;</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts5">
                <ANNOTATION_VALUE>second
                    line</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a6" TIME_SLOT_REF1="ts4" TIME_SLOT_REF2="ts5">
                <ANNOTATION_VALUE>floating</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="words" PARENT_REF="A_Transcription" PARTICIPANT="Ann" TIER_ID="A_Gloss">
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
                <ANNOTATION_VALUE>2nd</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a2" PREVIOUS_ANNOTATION="a3">
                <ANNOTATION_VALUE>line.SG</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a9">
                <ANNOTATION_VALUE>lost</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="notes"/>
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""


def test_elan() -> None:
    found = elan.read(EAF.encode(), "talk.eaf")
    assert found.media == ["./talk one.wav", "file:///C:/Users/ann/talk one.wav"]
    assert spans(found) == {
        "A_Transcription": [(0.48, 1.73, "ᎣᏏᏲ & <hello>"), (2.0, 3.25, "second line")],
        "A_Gloss": [(2.0, 3.25, "2nd line.SG")],
    }
    assert found.tiers["A_Gloss"][0].speaker == "Ann"
    assert found.tiers["A_Transcription"][1].line == 24
    assert [(p.line, p.reason) for p in found.problems] == [
        (30, "'floating' has no times"),
        (47, "'lost' belongs to no annotation with times"),
    ]


def test_elan_shifts_by_the_media_s_origin() -> None:
    moved = EAF.replace('MIME_TYPE="audio/x-wav"', 'MIME_TYPE="audio/x-wav" TIME_ORIGIN="1500"')
    assert elan.read(moved.encode(), "a.eaf").origin == 1.5


def test_a_circle_of_annotations_ends() -> None:
    circle = EAF.replace('ANNOTATION_ID="a3" ANNOTATION_REF="a2"', 'ANNOTATION_ID="a3" ANNOTATION_REF="a4"')
    circle = circle.replace('ANNOTATION_ID="a4" ANNOTATION_REF="a2"', 'ANNOTATION_ID="a4" ANNOTATION_REF="a3"')
    assert "A_Gloss" not in elan.read(circle.encode(), "a.eaf").tiers


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l9;</x>', "DTD or entities"),
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>', "DTD or entities"),
        ('<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>', "DTD or entities"),
        (EAF[:900], "not valid XML"),
        ("", "not valid XML"),
        ("<html></html>", "not an ELAN document (its root is html)"),
        (EAF.replace("milliseconds", "PAL-frames"), "its times are in PAL-frames"),
        ("\x00\x01", "not valid XML"),
        ('<?xml version="1.0" encoding="klingon"?><x/>', "not valid XML"),
    ],
)
def test_elan_refusals(content, reason) -> None:
    with pytest.raises(Unreadable) as caught:
        elan.read(content.encode(), "a.eaf")
    assert reason in caught.value.reason
    assert caught.value.remedy


# Praat: the example of its manual, in the long and the short form, and with what else its readers must take.
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.3
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Mary"
        xmin = 0
        xmax = 2.3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.7
            text = ""
        intervals [2]:
            xmin = 0.7
            xmax = 1.6
            text = "say ""hi"", Bill
 = 3 ! no"
        intervals [3]:
            xmin = 1.6
            xmax = 2.3
            text = "ä"
    item [2]:
        class = "IntervalTier"
        name = "John"
        xmin = 0
        xmax = 2.3
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.3
            text = ""
    item [3]:
        class = "TextTier"
        name = "bell"
        xmin = 0
        xmax = 2.3
        points: size = 1
        points [1]:
            number = 1.2
            mark = "ding"
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
2.3
<exists>
3
"IntervalTier"
"Mary"
0
2.3
3
0
0.7
""
0.7
1.6
"say ""hi"", Bill
 = 3 ! no"
1.6
2.3
"ä"
"IntervalTier" "John" 0 2.3 1 ! a comment with "quotes" and 4 numbers
0 2.3 ""
"TextTier" "bell" 0 2.3 1
1.2 "ding"
"""
# What Praat 6.4 itself saved, through parselmouth.
PRAAT_LONG = (
    'File type = "ooTextFile"\n'
    'Object class = "TextGrid"\n'
    "\n"
    "xmin = 0 \n"
    "xmax = 5 \n"
    "tiers? <exists> \n"
    "size = 3 \n"
    "item []: \n"
    "    item [1]:\n"
    '        class = "IntervalTier" \n'
    '        name = "words" \n'
    "        xmin = 0 \n"
    "        xmax = 5 \n"
    "        intervals: size = 3 \n"
    "        intervals [1]:\n"
    "            xmin = 0 \n"
    "            xmax = 1.25 \n"
    '            text = "say ""hi"" ! ok" \n'
    "        intervals [2]:\n"
    "            xmin = 1.25 \n"
    "            xmax = 3.5 \n"
    '            text = "ᎣᏏᏲ ä" \n'
    "        intervals [3]:\n"
    "            xmin = 3.5 \n"
    "            xmax = 5 \n"
    '            text = "" \n'
    "    item [2]:\n"
    '        class = "IntervalTier" \n'
    '        name = "phones" \n'
    "        xmin = 0 \n"
    "        xmax = 5 \n"
    "        intervals: size = 2 \n"
    "        intervals [1]:\n"
    "            xmin = 0 \n"
    "            xmax = 2 \n"
    '            text = "h a" \n'
    "        intervals [2]:\n"
    "            xmin = 2 \n"
    "            xmax = 5 \n"
    '            text = "" \n'
    "    item [3]:\n"
    '        class = "TextTier" \n'
    '        name = "bell" \n'
    "        xmin = 0 \n"
    "        xmax = 5 \n"
    "        points: size = 1 \n"
    "        points [1]:\n"
    "            number = 1.1 \n"
    '            mark = "ding" \n'
)
PRAAT_SHORT = (
    'File type = "ooTextFile"\n'
    'Object class = "TextGrid"\n'
    "\n"
    "0\n"
    "5\n"
    "<exists>\n"
    "3\n"
    '"IntervalTier"\n'
    '"words"\n'
    "0\n"
    "5\n"
    "3\n"
    "0\n"
    "1.25\n"
    '"say ""hi"" ! ok"\n'
    "1.25\n"
    "3.5\n"
    '"ᎣᏏᏲ ä"\n'
    "3.5\n"
    "5\n"
    '""\n'
    '"IntervalTier"\n'
    '"phones"\n'
    "0\n"
    "5\n"
    "2\n"
    "0\n"
    "2\n"
    '"h a"\n'
    "2\n"
    "5\n"
    '""\n'
    '"TextTier"\n'
    '"bell"\n'
    "0\n"
    "5\n"
    "1\n"
    "1.1\n"
    '"ding"\n'
)
MARY = [(0.7, 1.6, 'say "hi", Bill = 3 ! no'), (1.6, 2.3, "ä")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom"])
@pytest.mark.parametrize("text", [LONG, SHORT, LONG.replace("\n", "\r\n")], ids=["long", "short", "windows"])
def test_textgrid(text, encoding) -> None:
    content = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    found = textgrid.read(content, "a.TextGrid")
    assert spans(found) == {"Mary": MARY}
    (problem,) = found.problems
    assert problem.reason == "the tier 'bell' marks points, not stretches of time"


@pytest.mark.parametrize("text", [PRAAT_LONG, PRAAT_SHORT], ids=["long", "short"])
def test_what_praat_saved(text) -> None:
    found = textgrid.read(text.encode("utf-16"), "a.TextGrid")
    assert spans(found) == {
        "words": [(0.0, 1.25, 'say "hi" ! ok'), (1.25, 3.5, "ᎣᏏᏲ ä")],
        "phones": [(0.0, 2.0, "h a")],
    }


def test_textgrid_lines_and_tiers_of_the_same_name() -> None:
    assert [s.line for s in textgrid.read(LONG.encode(), "a.TextGrid").tiers["Mary"]] == [20, 25]
    twice = '"ooTextFile" "TextGrid" 0 1 <exists> 2 "IntervalTier" "t" 0 1 1 0 1 "a" "IntervalTier" "t" 0 1 1 0 1 "b"'
    assert spans(textgrid.read(twice.encode(), "a")) == {"t": [(0, 1, "a")], "t (again)": [(0, 1, "b")]}
    assert spans(textgrid.read(b'"ooTextFile" "TextGrid" 0 1 <absent>', "a")) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ooBinaryFile\x08TextGrid", "a binary TextGrid"),
        (LONG.replace("ä", "\xe4").encode("latin-1"), "not UTF-8 or UTF-16 text (line 27)"),
        (b"", "it ends too early"),
        (LONG[:700].encode(), "it ends too early"),
        (b'"ooTextFile" "Sound" 0 1', "not a TextGrid"),
        (b'"Praat chronological TextGrid text file"\n0 5\n3', "not a TextGrid in Praat's long or short text form"),
        (LONG.replace("xmin = 0.7", "xmin = 1e400").encode(), "an impossible time in line 20"),
        (LONG.replace("xmin = 0.7", "xmin = soon").encode(), "a number is missing"),
        (LONG.replace('name = "Mary"', "name = Mary").encode(), "a text in quotes is missing in line 12"),
        (LONG.replace("IntervalTier", "PitchTier").encode(), "an unknown kind of tier in line 10"),
        (LONG.replace("intervals: size = 3", "intervals: size = 1e300").encode(), "an impossible count in line 14"),
        (b'"ooTextFile" "TextGrid" 0 1 <exists> 1 "' + b'"" ' * 100_000, "a number is missing in line 1"),
    ],
)
def test_textgrid_refusals(content, reason) -> None:
    with pytest.raises(Unreadable) as caught:
        textgrid.read(content, "a.TextGrid")
    assert reason in caught.value.reason


# Subtitles
SRT = """1
00:00:01,600 --> 00:00:04,200
<i>English</i> subtitles
- two lines

2
00:00:05,900 --> 00:00:07,999 X1:201 X2:516 Y1:397 Y2:423
{\\an8}<font color="#fbff1c">Whose</font> side? 2 < 3 <3

3
01:00:00.5 --> 01:00:02,000

4
00:00:xx,000 --> 00:00:09,000
broken

just a line

5
00:00:10,000 --> 00:00:12,000
last"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_srt(encoding, end) -> None:
    found = subtitles.read_srt(SRT.replace("\n", end).encode(encoding), "a.srt")
    assert spans(found) == {
        "": [
            (1.6, 4.2, "English subtitles - two lines"),
            (5.9, 7.999, "Whose side? 2 < 3 <3"),
            (10.0, 12.0, "last"),
        ]
    }
    assert [s.line for s in found.tiers[""]] == [2, 7, 20]
    assert [(p.line, p.reason) for p in found.problems] == [
        (14, "times that cannot be read"),
        (17, "a caption without times"),
    ]


# The features of the WebVTT standard's own examples.
VTT = """WEBVTT - Translation of that film I like

STYLE
::cue(v[voice="Esme"]) { color: blue; }

REGION
id:bill

NOTE This is a comment --
over two lines

1
00:13.000 --> 00:16.100 align:start position:10%
<v Roger Bingham>We are in <i.foreignphrase><lang en>New York</lang></i> City</v>

chapter 2 - the street
01:00:16.100 --> 01:00:20.100
<v.loud Esme &amp; Mary>It&#39;s <00:17.000>4 &lt; 5&nbsp;&rlm;here</v>

00:30.000 --> 00:31.000
"""


def test_vtt() -> None:
    found = subtitles.read_vtt(VTT.encode(), "a.vtt")
    assert found.problems == []
    assert [(s.start, s.end, s.text, s.speaker, s.line) for s in found.tiers[""]] == [
        (13.0, 16.1, "We are in New York City", "Roger Bingham", 13),
        (3616.1, 3620.1, "It's 4 < 5 here", "Esme & Mary", 17),
    ]


@pytest.mark.parametrize("content", ["", "WEBVTTX\n", "1\n00:00:01,000 --> 00:00:02,000\nx\n"])
def test_vtt_refusals(content) -> None:
    with pytest.raises(Unreadable, match="not WebVTT"):
        subtitles.read_vtt(content.encode(), "a.vtt")
    with pytest.raises(Unreadable, match="not UTF-8"):
        subtitles.read_srt(b"1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9\n", "a.srt")


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (elan.read, EAF),
        (textgrid.read, LONG),
        (textgrid.read, SHORT),
        (subtitles.read_srt, SRT),
        (subtitles.read_vtt, VTT),
    ],
    ids=["eaf", "long", "short", "srt", "vtt"],
)
def test_damage_is_a_sentence_or_a_reading_and_nothing_else(read, content) -> None:
    rng, refused = random.Random(0), []
    for _ in range(300):
        damaged = bytearray(content.encode())
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(damaged))
            damaged[at : at + rng.choice([0, 1, 30])] = rng.choice(
                [b"", b"9" * 400, b'"', b"<", b"\xff", b"-->", b"\0\n"]
            )
        try:
            found = read(bytes(damaged), "a")
        except Unreadable as e:
            refused.append(e)
        else:
            assert all(abs(t) < 1e9 for spans in found.tiers.values() for s in spans for t in (s.start, s.end))
    assert refused
    assert all(e.reason and e.remedy for e in refused)
