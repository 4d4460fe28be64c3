"""Words of a set's list that models favour in its drafts, and what is kept apart so that no score is better for it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.asr.whisper import save_whisper
from tests.services.inference.test_drafting import ended, workshop  # noqa: F401 - a fixture
from tests.services.inprocess import import_tones
from tests.test_cli_models import Terminal, terminal  # noqa: F401 - a fixture
from workbench.asr.models import ctc_beam
from workbench.core.text.word_list import Favoured
from workbench.core.types import ModelSpec
from workbench.errors import TrainingError
from workbench.services.inference import transcribe
from workbench.services.inference.boost_strength import LEAST_CLIPS
from workbench.services.inference.models import Models
from workbench.services.workbench import Workbench

CLINIC = Path(__file__).resolve().parents[3] / "assets" / "clips" / "clinic"


@pytest.fixture
def whisper(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_whisper(tmp_path / "models" / "whisper")))


def test_drafts_favour_the_words_of_a_set_that_says_so(workshop: Any, monkeypatch: Any) -> None:  # noqa: F811
    bench, process, ids = workshop
    asked: list[Any] = []
    answer = process.ask
    monkeypatch.setattr(process, "ask", lambda request, **more: asked.append(request) or answer(request, **more))
    bench.collecting.set_words("tones", ["stent = s-tent", "QID"])
    bench.drafting.draft_now("tones", "ctc-en", ids[:1])
    bench.collecting.favour_words("tones", True)
    bench.drafting.draft_now("tones", "ctc-en", ids[1:2])
    assert [Favoured.from_json(request["favoured"]) for request in asked] == [
        None,
        Favoured.of(["stent = s-tent", "QID"]),
    ]
    assert bench.collecting.set_info("tones").words == ("stent", "QID")
    assert bench.labelling.clip(ids[1]).text == f"text {ids[1]}"
    for _ in ids:
        process.let.release()
    bench.drafting.start_drafts("tones", "ctc-en")
    assert ended(bench).done == len(ids)
    assert asked[-1]["favoured"]["terms"][0] == ["stent", ["stent"]]


def test_what_was_written_with_the_words_is_no_text_of_the_model_alone(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whisper: ModelSpec
) -> None:
    ids = import_tones(bench, tmp_path / "tones", range(3), "tones")
    bench.transcribing.clip_set(whisper, "tones", favoured=Favoured.of(["cat"], 60.0))
    assert {clip.id for clip in bench.doctor.unheard("tones", whisper.name)} == set(ids)
    bench.transcribing.clip_set(whisper, "tones")
    assert bench.doctor.unheard("tones", whisper.name) == []


def test_a_request_without_words_hears_as_before(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctc_beam, "LEAST_LOG", -1e3)  # random weights are surer than speech lets them be
    letters = bench.catalog.resolve(str(save_model(tmp_path / "models" / "letters", "wav2vec2-layer")))
    ids = import_tones(bench, tmp_path / "tones", range(3), "tones")
    models = Models(bench.workspace, bench.store)

    def heard(favoured: Favoured | None) -> list[str]:
        said = models.hear(letters.to_json(), ids, "en", favoured.to_json() if favoured else None)["heard"]
        return [text for text, _ in said.values()]

    plain = heard(None)
    assert all("cat" in text.split() for text in heard(Favoured.of(["cat"], 60.0)))
    assert heard(None) == plain
    assert heard(Favoured.of(["cat"], 0.0)) == plain


def test_both_who_hear_what_is_spoken_favour_the_same_words(bench: Workbench, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", range(3), "tones")
    assert "favoured" not in bench.listening.listeners("tones").models[0].model
    bench.collecting.set_words("tones", ["stent"])
    bench.collecting.favour_words("tones", True)
    favoured = [one.model["favoured"] for one in bench.listening.listeners("tones").models]
    assert favoured == [Favoured.of(["stent"]).to_json()]


# ---- on the command line ----


def test_transcribe_favours_words_and_says_how_strongly(terminal: Terminal, tmp_path: Path) -> None:  # noqa: F811
    words = tmp_path / "words.txt"
    words.write_text("metoprolol\n")
    few = tmp_path / "few"
    (few / "audio").mkdir(parents=True)
    rows = (CLINIC / "manifest.jsonl").read_text().splitlines()[:LEAST_CLIPS]
    (few / "manifest.jsonl").write_text("\n".join(rows))
    for row in map(json.loads, rows):
        shutil.copy(CLINIC / row["audio_filepath"], few / row["audio_filepath"])
    terminal.run("import", str(few), "--set", "clinic")
    transcribe = ("transcribe", "--set", "clinic", "--model", "ctc-en")
    sound = next((few / "audio").iterdir())
    (row,) = terminal.json("transcribe", "--model", "ctc-en", "--words", str(words), "--boost", "15", str(sound))
    assert "metoprolol" in row["text"]
    (row,) = terminal.json("transcribe", "--model", "ctc-en", "--words", str(words), "--boost", "off", str(sound))
    assert "metoprolol" not in row["text"]
    said = terminal.run(*transcribe, "--words", str(words)).stderr
    assert f"was chosen on {LEAST_CLIPS} confirmed clips: WER" in said


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--boost", "auto"), "name the words"),
        (("--words", "{file}", "--boost", "loud"), "auto, off or a number"),
        (("--words", "{file}", "--boost", "-1"), "auto, off or a number"),
        (("--words", "{file}", "--boost", "nan"), "auto, off or a number"),
    ],
)
def test_a_boost_that_cannot_be_is_refused(
    terminal: Terminal,  # noqa: F811
    tmp_path: Path,
    words: tuple[str, ...],
    wrong: str,
) -> None:
    file = tmp_path / "words.txt"
    file.write_text("stent\n")
    given = [word.format(file=file) for word in words]
    failed = terminal.run("transcribe", "--model", "ctc-en", "a.wav", *given, status=2)
    assert wrong in " ".join(failed.stderr.replace("│", " ").split())


def test_an_empty_list_is_said(terminal: Terminal, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "words.txt"
    file.write_text("\n \n")
    failed = terminal.run("transcribe", "--model", "ctc-en", "a.wav", "--words", str(file), status=1)
    assert "There is no word to favour" in failed.stderr


def test_a_strength_is_not_chosen_where_nothing_could_tell(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whisper: ModelSpec
) -> None:
    """Fewer clips than it takes, and clips that all hang together."""
    import_tones(bench, tmp_path / "few", range(LEAST_CLIPS - 1), "few")
    assert bench.transcribing.choose_strength(whisper, "few", Favoured.of(["cat"])) is None
    ids = import_tones(bench, tmp_path / "tones", range(20, 20 + LEAST_CLIPS), "tones")
    choice = bench.transcribing.choose_strength(whisper, "tones", Favoured.of(["cat"]))
    assert choice is not None
    assert (choice.clips, choice.strength in (0.0, 1.5, 3.0, 4.5)) == (len(ids), True)

    def hang_together(*clips: object) -> None:
        raise TrainingError("all hang together")

    monkeypatch.setattr(transcribe, "folds", hang_together)
    assert bench.transcribing.choose_strength(whisper, "tones", Favoured.of(["cat"])) is None
