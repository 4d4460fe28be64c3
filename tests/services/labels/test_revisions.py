"""Labels: revisions are only appended, drafts never touch them, undo goes back, splits stay where they are."""

import threading

import pytest

from workbench.core.types import Clip, Heard
from workbench.errors import DataError, UnknownNameError
from workbench.services.clips.sets import Collecting
from workbench.services.labels.query import Browsing, Wanted
from workbench.services.labels.revisions import Labelling
from workbench.store.database import Store


@pytest.fixture
def collecting(workspace, store) -> Collecting:
    return Collecting(workspace, store)


@pytest.fixture
def labelling(store) -> Labelling:
    return Labelling(store)


@pytest.fixture
def clips(collecting, labelling, make_wav) -> list[Clip]:
    """Four unlabelled clips of the set "s"."""
    files = [(make_wav(f"{seed}.wav", 0.3, seed=seed), f"clip {seed}.wav") for seed in range(4)]
    collecting.add_files("s", files)
    return labelling.clips("s")


def test_save_appends_and_cleans(labelling, clips) -> None:
    clip = clips[0]
    first = labelling.save(clip.id, "  u\u0308ber\t\x07den\n <b>${x}</b> {{y}} ", author="ann", confirmed=False)
    assert (first.text, first.revision, first.confirmed, first.author) == (
        "über den <b>${x}</b> {{y}}",
        1,
        False,
        "ann",
    )
    assert first.conflict is None
    second = labelling.save(clip.id, "über", author="bob", confirmed=True)
    assert [(r.text, r.revision, r.author) for r in labelling.history(clip.id)] == [
        (first.text, 1, "ann"),
        ("über", 2, "bob"),
    ]
    now = labelling.clip(clip.id)
    assert (now.text, now.status, now.revision) == ("über", "confirmed", 2)
    assert second.time.tzinfo is not None


def test_nothing_changed_means_no_revision(labelling, clips) -> None:
    clip_id = clips[0].id
    assert labelling.save(clip_id, "", author="a", confirmed=False).revision == 0
    labelling.save_drafts("m", {clip_id: "draft"})
    assert labelling.save(clip_id, "draft", author="a", confirmed=False).revision == 0
    assert labelling.clip(clip_id).status == "drafted"
    assert labelling.save(clip_id, "draft", author="a", confirmed=True).revision == 1
    assert labelling.save(clip_id, " draft ", author="b", confirmed=False).author == "a"
    assert labelling.clip(clip_id).status == "confirmed"
    assert labelling.save(clip_id, "draft two", author="b", confirmed=False).revision == 2
    assert labelling.clip(clip_id).status == "drafted"
    assert len(labelling.history(clip_id)) == 2


def test_an_overtaken_edit_is_said_and_kept(labelling, clips) -> None:
    clip_id = clips[0].id
    labelling.save(clip_id, "by ann", author="ann", confirmed=False, expected_revision=0)
    mine = labelling.save(clip_id, "by bob", author="bob", confirmed=True, expected_revision=0)
    assert mine.conflict is not None
    assert (mine.conflict.text, mine.conflict.author) == ("by ann", "ann")
    assert [r.text for r in labelling.history(clip_id)] == ["by ann", "by bob"]
    assert labelling.save(clip_id, "next", author="bob", confirmed=True, expected_revision=2).conflict is None


def test_an_empty_or_endless_label_cannot_be_confirmed(labelling, clips) -> None:
    with pytest.raises(DataError, match="empty label"):
        labelling.save(clips[0].id, " \u200b ", author="a", confirmed=True)
    with pytest.raises(DataError, match="no text to confirm"):
        labelling.confirm([clips[0].id], "a")
    with pytest.raises(DataError, match="5,001 characters"):
        labelling.save(clips[0].id, "x" * 5_001, author="a", confirmed=False)
    with pytest.raises(DataError, match="does not exist"):
        labelling.save(999, "x", author="a", confirmed=False)


def test_confirm_takes_the_text_or_the_draft(labelling, clips) -> None:
    first, second, third, _ = (clip.id for clip in clips)
    labelling.save_drafts("m", {first: "drafted", second: "wrong"})
    labelling.save(second, "right", author="a", confirmed=False)
    with pytest.raises(DataError):
        labelling.confirm([first, third], "a")
    assert labelling.count("s", status="confirmed") == 0
    done = labelling.confirm([first, second], "ann")
    assert [(r.text, r.confirmed, r.author) for r in done] == [("drafted", True, "ann"), ("right", True, "ann")]
    assert [r.revision for r in labelling.confirm([first], "bob")] == [1]


def test_undo_goes_back_step_by_step(labelling, clips) -> None:
    clip_id = clips[0].id
    labelling.save_drafts("m", {clip_id: "draft"})
    assert labelling.undo(clip_id, "u") is None
    labelling.save(clip_id, "a", author="x", confirmed=False)
    labelling.save(clip_id, "b", author="x", confirmed=True)
    labelling.save(clip_id, "c", author="x", confirmed=False)

    def state() -> tuple[str, str]:
        clip = labelling.clip(clip_id)
        return clip.text, clip.status

    back = labelling.undo(clip_id, "u")
    assert back is not None
    assert (back.text, back.confirmed, back.revision, back.author) == ("b", True, 4, "u")
    assert state() == ("b", "confirmed")
    labelling.undo(clip_id, "u")
    assert state() == ("a", "drafted")
    labelling.save(clip_id, "d", author="x", confirmed=True)
    labelling.undo(clip_id, "u")
    assert state() == ("a", "drafted")
    last = labelling.undo(clip_id, "u")
    assert last is not None
    assert last.text == ""
    assert state() == ("draft", "drafted")
    assert labelling.undo(clip_id, "u") is None
    assert [r.text for r in labelling.history(clip_id)] == ["a", "b", "c", "b", "a", "d", "a", ""]
    assert labelling.save(clip_id, "e", author="x", confirmed=True).revision == 9
    assert state() == ("e", "confirmed")


def test_undo_ends_at_the_imported_label(collecting, labelling, make_wav) -> None:
    path = make_wav("a.wav")
    path.with_suffix(".txt").write_text("imported")
    collecting.import_path(path, "s")
    clip_id = labelling.clips("s")[0].id
    assert labelling.undo(clip_id, "u") is None
    labelling.save(clip_id, "edited", author="a", confirmed=True)
    labelling.undo(clip_id, "u")
    assert labelling.clip(clip_id).text == "imported"
    assert labelling.undo(clip_id, "u") is None


def test_drafts_never_touch_labels(labelling, clips) -> None:
    first, second, *_ = (clip.id for clip in clips)
    labelling.save(first, "mine", author="a", confirmed=True)
    assert labelling.save_drafts("m", {first: "theirs", second: "two", 999: "gone"}) == 2
    assert labelling.clip(first).text == "mine"
    assert (labelling.clip(second).text, labelling.clip(second).status) == ("two", "drafted")
    labelling.save_drafts("m", {second: "better"})
    labelling.save_drafts("other", {second: "not the draft"}, draft=False)
    assert labelling.clip(second).text == "better"
    assert labelling.history(second) == []


def test_filters(labelling, collecting, clips) -> None:
    ids = [clip.id for clip in clips]
    labelling.save(ids[0], "ÜBER 100%", author="a", confirmed=True)
    labelling.save_drafts("m", {ids[1]: "ᎣᏏᏲ su:li"})
    assert [c.id for c in labelling.clips("s", status="unlabelled")] == ids[2:]
    assert [c.id for c in labelling.clips("s", search="über")] == ids[:1]
    assert [c.id for c in labelling.clips("s", search="0%")] == ids[:1]
    assert [c.id for c in labelling.clips("s", search="CLIP 3")] == ids[3:]
    assert [c.id for c in labelling.clips("s", offset=1, limit=2)] == ids[1:3]
    assert [c.id for c in labelling.clips("s", search="clip", offset=1, limit=2)] == ids[1:3]
    assert labelling.count("s") == 4
    assert labelling.count("s", status="drafted") == 1
    assert labelling.count("s", search="clip") == 4
    assert labelling.clips("s", speaker="nobody") == []
    assert labelling.count("s", split="none") == 3
    with pytest.raises(UnknownNameError):
        labelling.clips("none")


def test_deleted_clips_are_not_there(collecting, labelling, clips) -> None:
    collecting.delete_clips([clips[0].id])
    assert labelling.count("s") == 3
    with pytest.raises(DataError, match="deleted"):
        labelling.clip(clips[0].id)
    with pytest.raises(DataError, match="deleted"):
        labelling.save(clips[0].id, "x", author="a", confirmed=True)


def test_splits_come_with_the_first_confirmation_and_stay(collecting, labelling, make_wav) -> None:
    files = []
    for seed in range(40):
        files.append((make_wav(f"{seed}.wav", 0.3, seed=seed), f"{seed}.wav"))
    collecting.add_files("s", files)
    ids = [clip.id for clip in labelling.clips("s")]
    for clip_id in ids[:20]:
        labelling.save(clip_id, f"sentence {clip_id}", author="a", confirmed=True)
    before = {c.id: c.split for c in labelling.clips("s")}
    assert all(before[i] for i in ids[:20])
    assert not any(before[i] for i in ids[20:])
    labelling.save(ids[0], "sentence changed", author="a", confirmed=False)
    labelling.save_drafts("m", {i: f"draft {i}" for i in ids[20:]})
    labelling.confirm(ids[20:], "a")
    after = {c.id: c.split for c in labelling.clips("s")}
    assert {i: after[i] for i in ids[:20]} == {i: before[i] for i in ids[:20]}
    assert all(after.values())
    divided = labelling.split_of("s")
    counts = divided.to_json()
    assert counts["train"] + counts["dev"] + counts["test"] == 39  # the one that is no longer confirmed does not count
    assert min(counts["train"], counts["dev"], counts["test"]) >= 3
    assert "stay together" in divided.split.rule
    assert len(labelling.candidates("s")) == 39


def test_a_new_clip_joins_its_sentence_even_that_of_a_deleted_clip(collecting, labelling, make_wav) -> None:
    files = [(make_wav(f"{seed}.wav", 0.3, seed=seed), f"{seed}.wav") for seed in range(12)]
    collecting.add_files("s", files)
    ids = [clip.id for clip in labelling.clips("s")]
    for clip_id in ids[:11]:
        labelling.save(clip_id, f"sentence {clip_id}", author="a", confirmed=True)
    held = next(c for c in labelling.clips("s") if c.split == "test")
    collecting.delete_clips([held.id])
    labelling.save(ids[11], held.text, author="a", confirmed=True)
    assert labelling.clip(ids[11]).split == "test"


def test_many_people_saving_at_once_lose_nothing(labelling, clips) -> None:
    clip_id = clips[0].id
    failed: list[Exception] = []

    def work(author: str) -> None:
        try:
            for number in range(10):
                labelling.save(clip_id, f"{author} {number}", author=author, confirmed=True)
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    history = labelling.history(clip_id)
    assert [r.revision for r in history] == list(range(1, 41))
    assert {r.text for r in history} == {f"{a} {n}" for a in "abcd" for n in range(10)}


def test_word_list(collecting, labelling, clips) -> None:
    collecting.set_words("s", ["Ibuprofen"])
    assert labelling.word_list("s") == ["Ibuprofen"]
    assert labelling.speakers("s") == []


def test_a_draft_keeps_how_sure_the_model_was(store, labelling, clips) -> None:
    first, second, third, fourth = (clip.id for clip in clips)
    labelling.save_drafts("m", {first: Heard("take  two\u200b", (0.91234, 0.2)), second: Heard("one two", (0.5,))})
    labelling.save_drafts("m", {third: "an old draft", fourth: Heard("")})
    browsing = Browsing(store)
    drafts = [listed.draft for listed in browsing.listed([first, second, third, fourth])]
    assert drafts == [Heard("take two", (0.912, 0.2)), Heard("one two"), Heard("an old draft"), Heard("")]
    labelling.save_drafts("m", {first: "take two"})  # heard again by a run, which does not measure
    assert [listed.unsure for listed in browsing.listed([first])] == [(1,)]
    labelling.save_drafts("m", {first: "take too"})
    assert [listed.unsure for listed in browsing.listed([first])] == [()]


def test_the_most_uncertain_draft_comes_first_and_confirmed_clips_last(store, labelling, clips) -> None:
    first, second, third, fourth = (clip.id for clip in clips)
    labelling.save_drafts("m", {first: Heard("a b", (0.9, 0.8)), second: Heard("a b", (0.9, 0.1)), third: "old"})
    labelling.save_drafts("m", {fourth: Heard("a", (0.01,))})
    labelling.save(fourth, "a", author="ann", confirmed=True)
    browsing = Browsing(store)
    assert browsing.ids("s", Wanted(order="uncertain")) == [second, first, third, fourth]
    assert browsing.ids("s", Wanted(order="uncertain", only={fourth, first})) == [first, fourth]
    with pytest.raises(UnknownNameError, match="uncertain"):
        Wanted(order="size")


def test_names_are_sorted_as_people_count(collecting, labelling, store, make_wav) -> None:
    names = ["Clip 10.wav", "clip 2.wav", "clip.wav", "Äbc 1.wav", "2 clips.wav"]
    collecting.add_files("s", [(make_wav(f"{i}.wav", 0.3, seed=i), name) for i, name in enumerate(names)])
    page = Browsing(store).page("s", Wanted(order="name"), number=0, size=3)
    assert [listed.clip.name for listed in page.clips] == ["2 clips.wav", "clip 2.wav", "Clip 10.wav"]
    last = Browsing(store).page("s", Wanted(order="name"), number=9, size=3)
    assert ([listed.clip.name for listed in last.clips], last.total, last.offset) == (["clip.wav", "Äbc 1.wav"], 5, 3)


def test_an_undo_is_refused_where_somebody_else_came_in_between(labelling, clips) -> None:
    clip_id = clips[0].id
    labelling.save(clip_id, "mine", author="ann", confirmed=False)
    labelling.save(clip_id, "theirs", author="ben", confirmed=False)
    with pytest.raises(DataError, match="ben has changed the label of clip 0"):
        labelling.undo(clip_id, "ann", expected_revision=1)
    assert labelling.undo(clip_id, "ben", expected_revision=2) is not None
    assert labelling.clip(clip_id).text == "mine"


def test_an_answer_is_kept_until_somebody_writes(store, labelling, clips) -> None:
    asked = []

    def ask() -> str:
        asked.append(labelling.clip(clips[0].id).text)
        return asked[-1]

    other = Store(store.engine.url.render_as_string(hide_password=False))  # as another process would open it
    assert [store.cached("q", ask), store.cached("q", ask), len(asked)] == ["", "", 1]
    Labelling(other).save(clips[0].id, "written elsewhere", author="ben", confirmed=False)
    assert store.cached("q", ask) == "written elsewhere"
    labelling.save(clips[0].id, "written here", author="ann", confirmed=False)
    assert store.cached("q", ask) == "written here"
    other.close()
