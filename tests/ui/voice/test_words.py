"""Words that differ are told apart from those that only look different."""

from workbench.ui.voice.words import glue, judged, unlike


def kinds(words: list[dict[str, str]]) -> list[str]:
    return [word["kind"] for word in words]


def test_words_that_count_as_equal_are_no_difference() -> None:
    base, adapted = unlike("He took twenty five milligrams.", "he took 25 milligrams of it", "english")
    assert [word["text"] for word in base] == ["He", "took", "twenty", "five", "milligrams."]
    assert kinds(base) == [""] * 5
    assert kinds(adapted) == ["", "", "", "", "unlike", "unlike"][-len(adapted) :]


def test_an_empty_text_differs_in_all_words() -> None:
    base, adapted = unlike("", "one two", "marks")
    assert (base, kinds(adapted)) == ([], ["unlike", "unlike"])
    base, adapted = unlike("one two", "", "marks")
    assert (kinds(base), adapted) == (["unlike", "unlike"], [])
    assert unlike("", "", "marks") == ([], [])


def test_a_script_without_spaces_is_compared_by_its_characters() -> None:
    base, adapted = unlike("我爱你", "我爱他", "characters")
    assert (kinds(base), kinds(adapted)) == (["", "", "unlike"], ["", "", "unlike"])
    assert (glue("characters"), glue("english")) == ("", " ")


def test_what_was_said_marks_wrong_missing_and_extra_words() -> None:
    found = judged("start metoprolol twice", "start met oh prolol", "marks")
    assert found["words"][0] == {"text": "start", "kind": "", "said": ""}
    assert {"wrong", "extra"} >= set(kinds(found["words"][1:]))
    assert kinds(judged("one two", "one", "marks")["words"]) == ["", "missing"]
    assert judged("one two", "", "marks")["score"] == "100.0 % WER"
