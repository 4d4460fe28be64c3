"""How sure a model was of each word: one figure for each word of the very text that it wrote, for every family."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.asr.moonshine import save_moonshine
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.models.confidence import by_word, merged_runs, placed
from workbench.asr.models.greedy import GreedyState
from workbench.core.types import Heard


def test_a_word_is_as_sure_as_its_least_sure_letter() -> None:
    tokens = [("c", 0, 0.9), ("a", 0, 0.4), ("t", 0, 0.8), ("s", 1, 0.7), (",", 1, 0.1)]
    assert by_word("cat s,", tokens).confidences == (0.4, 0.7), "where a comma goes is nobody's doubt"
    assert by_word("…", [("…", 0, 0.3)]).confidences == (0.3,), "unless there is nothing else"
    assert by_word("two words", [("two", 0, 0.9)]).confidences == (), "all of them or none"
    assert by_word("", []) == Heard("")


def test_certainty_is_the_mean_and_hearing_nothing_is_no_certainty() -> None:
    assert Heard("a b", (0.2, 0.6)).certainty == pytest.approx(0.4)
    assert Heard("").certainty == 0.0
    assert Heard("an old draft").certainty is None


def test_a_held_letter_counts_once_at_its_best() -> None:
    assert merged_runs([5, 5, 0, 5, 7], [0.3, 0.8, 0.9, 0.5, 0.6]) == [(5, 0.8), (0, 0.9), (5, 0.5), (7, 0.6)]


def test_pieces_belong_to_the_word_that_they_end() -> None:
    pieces = ["", " amox", "icillin", " now", "."]
    tokens = placed([1, 2, 3, 4], [0.9, 0.2, 0.8, 0.3], lambda ids: "".join(pieces[i] for i in ids))
    assert by_word("amoxicillin now.", tokens).confidences == (0.2, 0.8)


def test_probabilities_are_those_among_what_may_be_written() -> None:
    none = torch.tensor([], dtype=torch.long)
    state = GreedyState(2, 0, torch.tensor([3]), none, measured=True)
    assert state.begin() == [0, 1]
    state.take(torch.tensor([[0.0, 2.0, 0.0, 9.0], [9.0, 0.0, 0.0, 0.0]]))
    (sure,), ended = state.sure
    assert (state.texts, ended) == ([[1], []], [])
    assert sure == pytest.approx(torch.tensor([0.0, 2.0, 0.0]).softmax(0)[1].item())
    assert state.begin() == []


@pytest.mark.parametrize("kind", ["wav2vec2-group", "parakeet"])
def test_ctc_models_say_how_sure_they_are(
    kind: str, backend_of: Callable[[str], Backend], clips: list[ClipInput]
) -> None:
    _check(backend_of(kind), clips)


@pytest.mark.parametrize("save", [save_whisper, save_moonshine])
def test_decoders_say_how_sure_they_are(save: Callable[[Path], Path], tmp_path: Path, clips: list[ClipInput]) -> None:
    backend = load(folder_spec(save(tmp_path / "model") or tmp_path / "model"))
    _check(backend, [ClipInput(c.samples[:30_000]) for c in clips])


def _check(backend: Backend, clips: list[ClipInput]) -> None:
    batch = backend.collate(backend.encode_prefix(clips, 0))
    heard = backend.transcribe_with_confidence(batch, 0)
    assert [h.text for h in heard] == backend.transcribe(batch, 0)
    assert any(h.text for h in heard)
    for h in heard:
        assert len(h.confidences) == len(h.text.split())
        assert all(0 < c <= 1 for c in h.confidences)
