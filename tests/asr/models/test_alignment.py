"""Words lie where they were said: on speech with known pauses, and on tiny models for shapes and refusals."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch

from tests.asr.moonshine import save_moonshine
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.alignment import (
    NO_TIMES,
    NOT_ALIGNED,
    SILENT,
    attended_steps,
    between,
    ctc_word_frames,
    fitted,
    loud_frames,
    monotonic_steps,
    place_words,
    spelled,
    word_spans,
)
from workbench.asr.models.backend import Backend, ClipInput
from workbench.assets import assets_root
from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE

# Of a boundary beside a pause; a frame of the bundled model lasts 20 ms.
WORD_TOLERANCE_S = 0.06
SENTENCE_TOLERANCE_S = 0.12  # in the middle of all
ESPEAK_HZ = 22_050
PAUSE_S = 0.5
Span = tuple[float, float]


def place(backend: Backend, samples: np.ndarray, *texts: str) -> list:
    item = backend.encode_prefix([ClipInput(samples)], 0)[0]
    return place_words(backend, item, 0, texts, samples=samples, language="en")


def with_pauses(sounds: list[np.ndarray]) -> tuple[np.ndarray, list[Span]]:
    """Sounds with half a second of silence around each, and when each begins and ends."""
    silence = np.zeros(int(PAUSE_S * SAMPLE_RATE), dtype=np.float32)
    parts, spans = [silence], []
    for sound in sounds:
        loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
        begin = sum(len(p) for p in parts) / SAMPLE_RATE
        parts += [sound[loud[0] : loud[-1] + 1], silence]
        spans.append((begin, begin + (loud[-1] + 1 - loud[0]) / SAMPLE_RATE))
    return np.concatenate(parts), spans


@pytest.fixture(scope="module")
def bundled() -> Backend:
    return load(folder_spec(assets_root() / "ctc-en"))


def test_the_bundled_model_finds_sentences_between_known_pauses(bundled: Backend) -> None:
    folder = assets_root() / "clips" / "workshop"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    shortest = sorted(rows, key=lambda row: row["duration"])[:6]
    errors = []
    for three in (shortest[:3], shortest[3:]):
        sound, spans = with_pauses([read_clip(folder / row["audio_filepath"]) for row in three])
        found = place(bundled, sound, " ".join(row["text"] for row in three))[0].spans
        assert None not in found
        assert all(a < b for a, b in found)
        assert all(one[1] <= other[0] + 1e-6 for one, other in itertools.pairwise(found)), "in order, without overlap"
        first = 0
        for row, (begin, end) in zip(three, spans, strict=True):
            last = first + len(row["text"].split()) - 1
            errors += [abs(found[first][0] - begin), abs(found[last][1] - end)]
            first = last + 1
    # A model of 3 M weights mishears some words, and then places them by what it took them for.
    assert np.median(errors) <= SENTENCE_TOLERANCE_S
    assert max(errors) < 2.0


@pytest.mark.parametrize("name", ["ctc-en", "whisper-en"])
def test_the_bundled_models_find_single_words_between_known_pauses(name: str) -> None:
    if not shutil.which("espeak-ng"):
        pytest.skip("no espeak-ng on this machine")
    words = ["water", "seven", "garden", "yellow", "doctor"]
    sounds = []
    for word in words:
        said = subprocess.run(["espeak-ng", "-v", "en-gb", "--stdout", word], capture_output=True, check=True).stdout
        # The length in the header is unknown to a program that writes into a pipe.
        raw = np.frombuffer(said[44:], dtype="<i2").astype(np.float32) / 32768
        sounds.append(soxr.resample(raw, ESPEAK_HZ, SAMPLE_RATE))
    sound, spans = with_pauses(sounds)
    found = place(load(folder_spec(assets_root() / name)), sound, " ".join(words))[0].spans
    for word, span, known in zip(words, found, spans, strict=True):
        assert span == pytest.approx(known, abs=WORD_TOLERANCE_S), word


@pytest.mark.parametrize("kind", ["wav2vec2-group", "w2v-bert", "parakeet", "mms"])
def test_every_word_of_a_ctc_text_gets_its_place(kind: str, backend_of: Callable[[str], Backend]) -> None:
    backend = backend_of(kind)
    sound = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    fits, written = "hello oak" if kind != "parakeet" else "hello a", "Hello, – a!"
    plain, marked, long, none = place(backend, sound, fits, written, "very " * 60, "")
    assert len(plain.spans) == 2
    assert all(0 <= a < b <= 3.01 for a, b in plain.spans)
    assert marked.spans[1] is None, "a dash makes no sound"
    assert marked.spans[0] is not None
    assert (long.spans, long.why) == ((), NOT_ALIGNED)
    assert (none.spans, none.why) == ((), SILENT)


def test_a_text_in_letters_that_a_model_lacks_has_no_times(backend_of: Callable[[str], Backend]) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert place(backend_of("wav2vec2-layer"), sound, "ᏣᎳᎩ")[0].why == NOT_ALIGNED


def test_digits_keep_one_place_for_all_the_words_that_spell_them(backend_of: Callable[[str], Backend]) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    spans = place(backend_of("wav2vec2-layer"), sound, "Give 25 mg")[0].spans
    assert len(spans) == 3
    assert spans[0][1] <= spans[1][0] < spans[1][1] <= spans[2][0]


def test_the_path_of_a_text_ends_words_where_blanks_part_them() -> None:
    emissions = torch.full((9, 4), -20.0)
    for frame, token in enumerate([0, 1, 1, 2, 0, 3, 0, 2, 0]):  # blank, a a b, space, b
        emissions[frame, token] = 0.0
    assert ctc_word_frames(emissions, [1, 2, 3, 2], [0, 0, -1, 1], blank=0) == [(1, 4), (7, 8)]
    assert ctc_word_frames(emissions[:3], [1, 2, 3, 2], [0, 0, -1, 1], blank=0) is None
    assert ctc_word_frames(emissions, [], [], blank=0) is None


def test_words_reach_from_pause_to_pause() -> None:
    sound = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    for start, stop in ((0.2, 0.6), (1.0, 1.5)):
        sound[int(start * SAMPLE_RATE) : int(stop * SAMPLE_RATE)] = 0.3
    loud = loud_frames(sound)
    moments = [(0.3, 0.5), (1.1, 1.2)]  # as CTC's
    assert fitted(moments, loud) == [(0.2, 0.6), (1.0, 1.5)], "outwards through sound"
    assert fitted([(1.0, 1.02)], np.ones(200, dtype=bool)) == [(0.6, 1.42)], "not for ever"
    assert fitted([(0.0, 0.8), (0.8, 2.0)], loud) == [(0.2, 0.6), (1.0, 1.5)], "inwards through silence, as attention's"
    assert fitted([(0.3, 0.4), (0.5, 0.6)], loud) == [(0.2, 0.45), (0.45, 0.6)], "half the way to a neighbour"
    for meet in (0.55, 1.1):  # attention that moves on a little early or late
        assert fitted([(0.1, meet), (meet, 1.6)], loud) == [(0.2, 0.6), (1.0, 1.5)], "out of a neighbour's sound"
    assert fitted([(0.0, 0.4), (0.4, 0.9)], loud) == [(0.2, 0.4), (0.4, 0.6)], "two words may share a sound"
    assert fitted([(0.7, 0.9)], loud) == [(0.7, 0.9)], "nothing but silence"


def test_a_click_before_or_behind_a_word_is_no_part_of_it() -> None:
    loud = np.zeros(200, dtype=bool)
    for start, stop in ((20, 24), (40, 43), (80, 120), (150, 153)):
        loud[start:stop] = True
    assert fitted([(0.0, 2.0)], loud) == [(0.8, 1.2)]


def test_attention_is_followed_in_order() -> None:
    shares = torch.full((2, 3, 60), 1e-3)
    for token, (start, stop) in enumerate([(0, 20), (20, 35), (35, 60)]):
        shares[:, token, start:stop] = 1.0
    shares[:, :, 59] = 5.0  # a place that every token looks at
    steps = attended_steps(shares / shares.sum(-1, keepdim=True))
    assert steps == [0, 20, 35]
    assert word_spans(steps, [0, 0], 0.5) == [(0.0, 17.5)]
    assert word_spans(steps, [0, 1], 0.5) == [(0.0, 10.0), (10.0, 17.5)]
    assert attended_steps(shares[:, :, :2]) is None, "fewer positions than tokens"
    assert monotonic_steps(torch.zeros(3, 3)) == [0, 1, 2]


def test_whisper_places_every_word(tmp_path: Path) -> None:
    backend = load(folder_spec(save_whisper(tmp_path / "model")))
    sound = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    found, empty, long = place(backend, sound, "Hello World, it's", "", "Hello World " * 20)
    assert len(found.spans) == 3
    edges = [edge for span in found.spans for edge in span]
    assert edges == sorted(edges)
    assert edges[-1] <= 1.5
    assert empty.why == SILENT
    assert long.why == NOT_ALIGNED, "more tokens than the decoder has positions"
    # Listening from inside the encoder gives the same.
    deep = backend.encode_prefix([ClipInput(sound)], 3)[0]
    again = place_words(backend, deep, 3, ["Hello World, it's"], samples=sound)[0]
    assert again.spans == found.spans


def test_a_text_is_spelled_letter_by_letter_with_its_spaces() -> None:
    assert spelled(["Ġtri", "ple", "Ġa", "Ġ", "x"], {"Ġt": 0, "Ġa": 1}, "Ġ") == [*("Ġt", *"riple", "Ġa", "Ġ", "x")]


def test_words_lie_in_the_middle_of_their_readings() -> None:
    assert between([[(0.0, 1.0), (1.0, 2.0)], [(0.5, 2.0), (2.0, 3.0)]]) == [(0.25, 1.5), (1.5, 2.5)]


def test_moonshine_says_that_it_gives_no_times(tmp_path: Path) -> None:
    backend = load(folder_spec(save_moonshine(tmp_path / "model")))
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert [(t.spans, t.why) for t in place(backend, sound, "hello")] == [((), NO_TIMES)]
