"""A set's overview over a real store: read anew after a change, levels that come by themselves, clips behind a bar."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import speechlike
from workbench.audio.decode import read_clip
from workbench.core.overview.contents import measures
from workbench.errors import UnknownNameError
from workbench.services.clips import levels
from workbench.services.clips.overview import Wish
from workbench.services.workbench import Workbench

MakeWav = Callable[..., Path]


@pytest.fixture
def ids(bench: Workbench, make_wav: MakeWav, tmp_path: Path) -> list[int]:
    """Four clips of 1, 2, 3 and 4 s, of which the second is ten times as faint and the last has no text."""
    rows = []
    for i, (text, who) in enumerate([("take 5 pills", "ada"), ("Take the valve.", "ada"), ("stop", "bob"), ("", None)]):
        samples = speechlike(i + 1.0, seed=i, level=0.03 if i == 1 else 0.3)
        make_wav(f"{i}.wav", samples=samples)
        rows.append(json.dumps({"audio_filepath": f"{i}.wav", "text": text, "speaker": who}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows) + "\n")
    bench.collecting.import_path(tmp_path / "manifest.jsonl", "s", language="en")
    bench.collecting.set_words("s", ["pills", "Valve", "metoprolol"])
    return [clip.id for clip in bench.labelling.clips("s")]


def measured(bench: Workbench, name: str) -> list[float | None]:
    """The levels once nothing is waited for any more."""
    end = time.monotonic() + 60
    while bench.overviewing.of_set(name).unmeasured:
        assert time.monotonic() < end, "the levels were not measured"
        time.sleep(0.01)
    return list(bench.overviewing.of_set(name).levels)


def test_the_numbers_of_a_set(bench: Workbench, ids: list[int]) -> None:
    said = bench.overviewing.of_set("s").to_json()
    assert (said["clips"], said["seconds"], said["shortest"], said["longest"]) == (4, 10.0, 1.0, 4.0)
    assert (said["confirmed"], said["unlabelled"], said["without_text"], said["with_digits"]) == (3, 1, 1, 1)
    assert (said["speakers"], said["speaker_unknown"]) == (2, 1)
    assert (said["words"], said["different_words"], said["words_once"]) == (7, 6, 5)
    assert said["terms_never_said"] == ["metoprolol"], "pills and Valve are said, whatever their case"
    assert said["in_folds"]
    assert said["missing"][0]["sentence"] == "1 of 3 words of your list is never said: metoprolol."


def test_it_is_read_anew_after_a_change_and_only_then(
    bench: Workbench, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    real = bench.overviewing._contents
    monkeypatch.setattr(bench.overviewing, "_contents", lambda info: read.append(info.name) or real(info))
    for _ in range(3):
        bench.overviewing.of_set("s")
    assert read == ["s"]
    bench.labelling.save(ids[3], "metoprolol again", author="ada", confirmed=True)
    assert bench.overviewing.of_set("s").contents.never_said == ()
    bench.collecting.set_words("s", ["zebra"])
    assert bench.overviewing.of_set("s").contents.never_said == ("zebra",)
    bench.collecting.delete_clips([ids[0]])
    assert bench.overviewing.of_set("s").contents.duration == 9.0
    bench.labelling.save_drafts("m", {ids[2]: "stop"}, draft=False)
    assert bench.overviewing.of_set("s").contents.heard_by == "m"
    assert read == ["s"] * 5


def test_levels_come_by_themselves_and_a_missing_sound_has_none(bench: Workbench, ids: list[int]) -> None:
    lost = bench.labelling.clip(ids[2])
    bench.workspace.sound_path(lost.sha256).unlink()
    first = bench.overviewing.of_set("s")
    assert len(first.levels) == 4
    loud, faint, none, other = measured(bench, "s")
    assert none is None
    assert loud == pytest.approx(other, abs=3)
    assert loud - faint == pytest.approx(20, abs=3), "a tenth of the amplitude is 20 dB less"
    assert bench.overviewing.of_set("s").to_json()["levels_known"] == 3


def test_a_drawn_waveform_tells_its_level_too(bench: Workbench, ids: list[int]) -> None:
    clip = bench.labelling.clip(ids[0])
    bench.picturing.peaks(clip)
    assert bench.overviewing.levels.known(clip.sha256) is not None
    assert clip.sha256 not in bench.overviewing.sounds("s")


def test_a_sound_that_cannot_be_measured_for_any_reason_keeps_no_other_from_it(
    bench: Workbench, ids: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = bench.workspace.sound_path(bench.labelling.clip(ids[1]).sha256)

    def read(path: Path) -> Any:
        if path == broken:
            raise MemoryError
        return read_clip(path)

    monkeypatch.setattr(levels, "read_clip", read)
    assert [level is None for level in measured(bench, "s")] == [False, True, False, False]
    assert "cannot be told" in caplog.text


def test_closing_ends_the_measuring(bench: Workbench, ids: list[int]) -> None:
    bench.overviewing.levels.close()
    bench.overviewing.of_set("s")
    assert len(bench.overviewing.sounds("s")) == 4, "nothing is decoded any more"


def test_what_a_part_of_a_picture_stands_for(bench: Workbench, ids: list[int]) -> None:
    measured(bench, "s")
    chosen = {
        "a bar of lengths": Wish(ranges={"duration": (2.0, 4.0)}),
        "the last bar": Wish(ranges={"duration": (3.0, None)}),
        "a box of points": Wish(ranges={"duration": (0.0, 2.5), "level": (-70.0, -25.0)}),
        "a speaker": Wish(speaker="ada"),
        "nobody known": Wish(speaker=""),
        "a word": Wish(word="take"),
        "a term": Wish(term="Valve"),
        "a figure": Wish(figure="with_digits"),
        "a gap": Wish(gap="unlabelled"),
        "a gap that is not there": Wish(gap="test"),
    }
    found = {name: [ids.index(i) for i in bench.overviewing.chosen("s", wish)] for name, wish in chosen.items()}
    assert found == {
        "a bar of lengths": [1, 2],
        "the last bar": [2, 3],
        "a box of points": [1],
        "a speaker": [0, 1],
        "nobody known": [3],
        "a word": [0, 1],
        "a term": [1],
        "a figure": [0],
        "a gap": [3],
        "a gap that is not there": [],
    }


def test_errors_are_those_of_the_model_that_has_heard_most(bench: Workbench, ids: list[int]) -> None:
    bench.labelling.save_drafts("few", {ids[0]: "take five pills"}, draft=False)
    bench.labelling.save_drafts("many", {ids[0]: "take 5 bills", ids[1]: "take the valve", ids[3]: "no"}, draft=False)
    contents = bench.overviewing.of_set("s").contents
    assert contents.heard_by == "many"
    assert contents.errors == {ids[0]: pytest.approx(1 / 3), ids[1]: 0.0}, "of confirmed clips alone"


def test_what_was_heard_of_another_cut_is_no_error_of_this_one(bench: Workbench, ids: list[int]) -> None:
    bench.labelling.save_drafts("m", {ids[0]: "take 5 bills", ids[1]: "take the valve"}, draft=False)
    bench.trimming.trim(ids[0], 0.0, 0.6, author="ada")
    assert bench.overviewing.of_set("s").contents.errors == {ids[1]: 0.0}
    bench.labelling.save_drafts("m", {ids[3]: "a draft of four seconds"})
    bench.trimming.trim(ids[3], 0.0, 1.0, author="ada")
    paces = [row["pace"] for row in measures(bench.overviewing.of_set("s").contents, bench.overviewing.levels.known)]
    assert paces[3] is None, "a text of 4 s is no pace of 1 s"
    assert paces[0] == pytest.approx(len("take 5 pills") / 0.6, abs=0.01), "a label holds for every cut"


def test_characters_count_where_words_have_no_spaces(bench: Workbench, make_wav: MakeWav) -> None:
    bench.collecting.add_files("zh", [(make_wav("z.wav"), "z.wav")], language="zh")
    clip = bench.labelling.clips("zh")[0]
    bench.labelling.save(clip.id, "你好吗", author="ada", confirmed=True)
    bench.labelling.save_drafts("m", {clip.id: "你好"}, draft=False)
    contents = bench.overviewing.of_set("zh").contents
    assert contents.words[clip.id] == ("你", "好", "吗")
    assert contents.errors[clip.id] == pytest.approx(1 / 3)


def test_an_empty_set_and_an_unknown_one(bench: Workbench) -> None:
    bench.collecting.create_set("empty")
    assert bench.overviewing.of_set("empty").to_json()["clips"] == 0
    with pytest.raises(UnknownNameError):
        bench.overviewing.of_set("nowhere")


def test_silence_is_at_the_floor(bench: Workbench) -> None:
    bench.overviewing.levels.note("0" * 64, np.zeros(16_000, np.float32))
    bench.overviewing.levels.note("1" * 64, np.zeros(0, np.float32))
    assert [bench.overviewing.levels.known(c * 64) for c in "01"] == [-70.0, -70.0]
