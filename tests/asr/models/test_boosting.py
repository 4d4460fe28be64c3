"""Words that are favoured: the tree of their tokens, and what the readers make of it."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.asr.moonshine import save_moonshine
from tests.asr.whisper import save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.models.boosting import Boost, PrefixTree, TermReader, boost_of, inner, spellings
from workbench.asr.models.ctc_beam import BEAM, BeamReader
from workbench.asr.models.greedy import GreedyState
from workbench.core.text.word_list import Term, term_of

# A vocabulary of letters: 0 is the blank or the end, 1 a space, 2 … are a, b, c …
SPACE, END = 1, 0


def ids(text: str) -> list[int]:
    return [SPACE if c == " " else ord(c) - ord("a") + 2 for c in text]


def written(tokens: list[int]) -> str:
    return "".join(" " if t == SPACE else chr(t - 2 + ord("a")) for t in tokens)


def boost(*terms: str, strength: float = 1.0) -> Boost:
    found = boost_of([term_of(t) for t in terms], strength, lambda text: ids(text.lower()), lambda t: t > SPACE, SPACE)
    assert found is not None
    return found


def test_a_tree_knows_sequences_by_their_beginnings() -> None:
    tree = PrefixTree()
    tree.add([5, 6])
    tree.add([5, 6, 7], [9])
    five = tree.children(0)[5]
    six = tree.children(five)[6]
    assert (tree.depth(six), tree.written(five), tree.written(six)) == (2, None, (5, 6))
    assert tree.written(tree.children(six)[7]) == (9,)
    assert len(tree) == 4


def test_nothing_is_favoured_without_words_or_strength() -> None:
    assert boost_of([], 3.0, ids, lambda t: True) is None
    assert boost_of([Term("a")], 0.0, ids, lambda t: True) is None
    assert boost_of([Term("a")], 3.0, lambda text: [], lambda t: True) is None


def test_a_term_is_favoured_in_small_letters_and_with_a_capital() -> None:
    assert spellings("stent") == ("stent", "Stent")
    assert spellings("MRI scan") == ("MRI scan", "mri scan")


def test_pieces_that_go_on_with_a_word() -> None:
    pieces = ("ing", "Ġing", "▁ing", ",", "'", "<0xC3>", "")
    assert [inner(piece) for piece in pieces] == [True, *[False] * 4, True, False]


def steps(best: str, terms: Boost) -> str:
    """What a reader makes of logits that say `best`, each with a runner-up one letter further by 1 less."""
    never = torch.tensor([], dtype=torch.long)
    state = GreedyState(1, END, never, never, boost=terms)
    tokens = [*ids(best), END]
    while state.begin():
        for place in range(len(tokens) + 1):
            logits = torch.full((1, 30), -20.0)
            here = tokens[min(place, len(tokens) - 1)]
            logits[0, here] = 0.0
            if here > SPACE:
                logits[0, here + 1] = -1.0
            state.take(logits)
            if state.finished:
                break
    return written(state.texts[0])


def test_a_greedy_reader_writes_the_favoured_word_that_it_nearly_heard() -> None:
    assert steps("a bc", boost("bd", strength=1.5)) == "a bd"
    assert steps("a bc", boost("bd", strength=0.5)) == "a bc"


def test_a_greedy_reader_takes_back_a_term_that_it_did_not_finish() -> None:
    """The b in place of the a was taken for "bxy" alone, which then is not said."""
    assert steps("ac", boost("bxy", strength=5.0)) == "ac"
    assert steps("ac", boost("bc", strength=5.0)) == "bc"
    # A word that only begins as the term does is another word.
    assert steps("acg", boost("bc", strength=5.0)) == "acg"


def test_a_term_that_goes_astray_everywhere_ends_all_the_same() -> None:
    text = "a ac ad ae a af ag ah a ai aj ak al"
    assert steps(text, boost("bx", strength=5.0)) == text


def test_a_reader_returns_only_where_the_bonus_alone_decided() -> None:
    reader = TermReader(boost("abc"))
    assert reader.follow(ids("a")[0], ids("a")[0])
    assert reader.follow(ids("x")[0], ids("x")[0]), "the model would have written the a anyway"
    reader = TermReader(boost("abc"))
    assert reader.follow(ids("a")[0], ids("x")[0])
    assert not reader.follow(ids("x")[0], ids("x")[0])
    assert (reader.given, reader.refused()) == (None, {ids("a")[0]})


def test_what_was_heard_by_its_sound_is_written_as_the_term() -> None:
    assert steps("a bd e", boost("xyz = bd")) == "a xyz e"
    assert steps("a bdc e", boost("xyz = bd")) == "a bdc e"
    cased = boost_of([term_of("QID = cue eye")], 1.0, lambda t: [ord(c) for c in t], lambda t: chr(t) != " ", ord(" "))
    assert cased is not None
    for heard in ("cue eye", "Cue eye"):
        ((_, _, said),) = cased.heard_otherwise([ord(c) for c in heard])
        assert "".join(map(chr, said)) == "QID"
    longest = boost("x = a", "y = a b")
    assert longest.heard_otherwise(ids("a b a")) == [(0, 3, tuple(ids("y"))), (4, 5, tuple(ids("x")))]


# ---- CTC ----


def frames(n: int, seed: int) -> np.ndarray:
    """(n, 5) log-probabilities: blank, space, a, b, c."""
    logits = np.random.default_rng(seed).normal(0, 1.5, (n, 5))
    found: np.ndarray = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return found


def by_brute_force(log_probabilities: np.ndarray) -> dict[str, float]:
    """Probability of each text, over all its alignments."""
    found: dict[str, float] = {}
    for path in itertools.product(range(5), repeat=len(log_probabilities)):
        text = written([t for t, _ in itertools.groupby(path) if t])
        p = float(np.exp(sum(log_probabilities[i, t] for i, t in enumerate(path))))
        found[text] = found.get(text, 0.0) + p
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_beam_finds_the_most_likely_text(seed: int) -> None:
    nothing = boost("zzz")
    probabilities = by_brute_force(frames(5, seed))
    best = max(probabilities, key=lambda text: probabilities[text])
    assert written(BeamReader(nothing, 0).read(frames(5, seed)).tokens) == best
    assert len(probabilities) > BEAM, "else it would have kept them all"


@pytest.mark.parametrize("seed", range(8))
def test_the_beam_adds_the_bonus_of_whole_terms_alone(seed: int) -> None:
    """Each of the words ab and c that stands there whole multiplies a text's probability."""
    favoured = boost("ab", strength=1.2)
    bonus = favoured.bonus(1) + favoured.bonus(2)
    probabilities = by_brute_force(frames(5, seed))
    scored = {text: np.log(p) + bonus * text.split(" ").count("ab") for text, p in probabilities.items()}
    best = max(scored, key=lambda text: scored[text])
    assert written(BeamReader(favoured, 0).read(frames(5, seed)).tokens) == best


def test_the_beam_is_as_sure_as_the_frames_were() -> None:
    logs = np.log(np.array([[0.1, 0.1, 0.7, 0.05, 0.05], [0.8, 0.05, 0.05, 0.05, 0.05], [0.1, 0.1, 0.1, 0.6, 0.1]]))
    reading = BeamReader(boost("zzz"), 0).read(logs)
    assert written(reading.tokens) == "ab"
    assert reading.sure == pytest.approx([0.7, 0.6])
    heard = BeamReader(boost("cc = ab"), 0).read(logs)
    assert written(heard.tokens) == "cc"
    assert heard.sure == pytest.approx([0.6, 0.6])


# ---- models ----


def sounds() -> list[ClipInput]:
    rng = np.random.default_rng(0)
    return [ClipInput(rng.normal(0, 0.1, n).astype(np.float32)) for n in (16_000, 24_000, 20_000)]


def texts(backend: Backend, clips: list[ClipInput]) -> list[str]:
    start = backend.decode_start
    return backend.transcribe(backend.collate(backend.encode_prefix(clips, start)), start)


@pytest.mark.parametrize("save", [save_whisper, save_moonshine])
def test_a_decoder_writes_what_is_favoured_strongly_enough(tmp_path: Path, save: "object") -> None:
    assert callable(save)
    backend = load(folder_spec(save(tmp_path / "model")))
    clips = sounds()
    plain = texts(backend, clips)
    backend.set_boost([Term("cat")], 60.0)
    favoured = texts(backend, clips)
    assert all("cat" in text.lower().split() for text in favoured)
    assert not any("cat" in text.lower().split() for text in plain)
    alone = [texts(backend, [clip])[0] for clip in clips]
    assert alone == favoured, "whoever is read beside a clip does not matter"
    backend.set_boost([], 0.0)
    assert texts(backend, clips) == plain
    backend.set_boost([Term("cat")], 60.0)
    assert texts(backend, clips) == favoured
    backend.set_boost([Term("world")], 60.0)
    assert all("world" in text.lower().split() for text in texts(backend, clips))
