"""What nobody says is told from what people say about clocks, numbers and signs."""

import pytest

from workbench.core.text.unspoken import unspoken, without_unspoken


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello <|endoftext|> there", "a control token"),
        ("<|startoftranscript|><|en|> hello", "a control token"),
        ("<s> hello </s>", "a control token"),
        ("hello [UNK] there", "a control token"),
        ("[BLANK_AUDIO]", "a control token"),
        ("00:00:01,000 --> 00:00:04,000 hello", "times"),
        ("[00:00.000 --> 00:02.000] first words", "times"),
        ("[0.00s -> 2.00s] first words", "times"),
        ("[00:12] hello", "times"),
        ("(1:02:03) hello", "times"),
        ("<i>hello</i>", "markup"),
        ("<font color='red'>hello</font>", "markup"),
        ("{\\an8}hello", "markup"),
        ("salt &amp; pepper", "markup"),
        ("{\\rtf1\\ansi hello", "markup"),
        ('File type = "ooTextFile"', "markup"),
    ],
)
def test_what_nobody_says(text: str, kind: str) -> None:
    found = unspoken(text)
    assert found is not None
    assert found[0] == kind
    assert found[1] in text


@pytest.mark.parametrize(
    "text",
    [
        "we meet at 10:30",
        "it is 10:30:15 now",
        "a ratio of 3:1, or 1.5",
        "x < y and y > z",
        "salt & pepper",
        "[laughs] hello",
        "<laughs> hello",
        "Ꭳ <b",
        "it's 4 < 5 here",
        "1.5 - 2.5 grams",
        "C:\\parts",
        "5 -> 7",
        "as in John (3:16) he said",
        "meet me at (12:30)",
    ],
)
def test_what_people_say_and_write(text: str) -> None:
    assert unspoken(text) is None


def test_markup_and_control_tokens_come_off() -> None:
    assert without_unspoken("salt &amp; pepper") == "salt & pepper"
    assert without_unspoken("<|en|> <i>hello</i> there<|endoftext|>") == "hello there"
    assert unspoken(without_unspoken("<s>hello</s>")) is None
