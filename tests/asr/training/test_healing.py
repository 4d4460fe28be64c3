"""A shorter window, and the encoder that is healed for it: on a tiny random Whisper, which obeys the same rules."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.asr.whisper import WINDOW_S, save_whisper
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.healed import HealedEncoder, encoder_hash, find_made, find_ready, made_file, read_healed
from workbench.asr.catalog.loading import load
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.healing import HealedWeights, heal
from workbench.assets import assets_root
from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE
from workbench.core.windows import WINDOWS
from workbench.errors import ModelError, TrainingError

SHORT = 1  # of the two seconds that the tiny model hears at once
UPDATES = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture
def backend(folder: Path) -> WhisperBackend:
    loaded = load(folder_spec(folder))
    assert isinstance(loaded, WhisperBackend)
    return loaded


def sound(number: int, seconds: float = 0.6) -> np.ndarray:
    """A gliding tone in noise."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(number).standard_normal(len(times))
    return (0.3 * np.sin(2 * np.pi * (150 + 60 * number) * times * (1 + times)) + 0.02 * noise).astype(np.float32)


def items(numbers: Sequence[int]) -> list[CacheItem]:
    return [CacheItem(f"{i:064d}", "", lambda i=i: ClipInput(sound(i)), len(sound(i))) for i in numbers]  # type: ignore[misc]


def healed(
    backend: WhisperBackend, folder: Path, root: Path, *, made: Callable[[int], None] = lambda n: None
) -> HealedEncoder:
    learned = items(range(12))
    heard = FeatureCache(root / "cache", backend, backend.decode_start)
    heard.fill(learned)
    encoder = encoder_hash(folder)
    return heal(
        backend,
        learned,
        heard,
        encoder=encoder,
        windows=(SHORT,),
        out=made_file(root, encoder, SHORT),
        work=root / "work",
        updates=UPDATES,
        made=made,
    )


def memories(backend: WhisperBackend, numbers: Sequence[int]) -> list[torch.Tensor]:
    """The encoder's output over the spoken part of each sound."""
    clips = [ClipInput(sound(i)) for i in numbers]
    spoken = round(0.6 * 50)
    return [a["memory"][:spoken] for a in backend.encode_prefix(clips, backend.decode_start)]


def distance(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> float:
    return float(sum(torch.mean((x - y) ** 2) for x, y in zip(a, b, strict=True)))


def test_a_shorter_window_costs_and_hears_less(backend: WhisperBackend) -> None:
    own = backend.padded_to
    item = backend.encode_prefix([ClipInput(sound(1))], 0)[0]
    backend.set_window(SHORT)
    short = backend.encode_prefix([ClipInput(sound(1))], 0)[0]
    assert (backend.window, backend.padded_to * 2) == (SHORT, own)
    assert short["mel"].shape[1] * 2 == item["mel"].shape[1]
    # What the encoder is given is the beginning of what it would be given.
    assert torch.allclose(short["mel"][:, :40], item["mel"][:, :40], atol=1e-5)
    assert backend.encode_prefix([ClipInput(sound(1))], backend.decode_start)[0]["memory"].shape[0] == SHORT * 50
    with pytest.raises(ModelError, match="longer than the 1 s"):
        backend.encode_prefix([ClipInput(sound(1, 1.2))], 0)


def test_the_own_window_comes_back_whole(backend: WhisperBackend) -> None:
    before = memories(backend, [1, 2])
    backend.set_window(SHORT)
    assert distance(memories(backend, [1, 2]), before) > 0
    backend.set_window(WINDOW_S)
    assert distance(memories(backend, [1, 2]), before) == 0


@pytest.mark.parametrize("boundary", [1, 2, 4, 5, 6])
def test_cached_loss_equals_uncached_loss_in_a_shorter_window(backend: WhisperBackend, boundary: int) -> None:
    backend.set_language("en")
    backend.set_window(SHORT)
    ids = tuple(backend.encode_label("hello"))
    clip = ClipInput(sound(3), ids)
    losses = []
    for start in (0, boundary):
        item = backend.encode_prefix([clip], start)
        losses.append(float(backend.loss(backend.collate(item, [ids]), start).detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_cache_tells_windows_and_healed_encoders_apart(
    backend: WhisperBackend, folder: Path, tmp_path: Path
) -> None:
    def place() -> Path:
        return FeatureCache(tmp_path / "cache", backend, 2).folder

    made = healed(backend, folder, tmp_path)
    own = FeatureCache(tmp_path / "cache", backend, 2)
    places = [place()]
    backend.set_window(SHORT)
    places.append(place())
    HealedWeights(backend, made)
    places.append(place())
    assert len(set(places)) == 3
    with pytest.raises(RuntimeError, match="does not hear as it did"):
        own.fetch(items([1])[0])  # would be kept as what the base heard in its own window


def test_healing_brings_the_short_window_nearer_to_the_long_one(
    backend: WhisperBackend, folder: Path, tmp_path: Path
) -> None:
    unheard = range(20, 26)
    target = memories(backend, unheard)
    made = healed(backend, folder, tmp_path)
    assert distance(memories(backend, unheard), target) == 0  # healing leaves the model as it was
    backend.set_window(SHORT)
    wrong = distance(memories(backend, unheard), target)
    HealedWeights(backend, made)
    assert distance(memories(backend, unheard), target) < 0.5 * wrong
    assert backend.healed == made.sha256


def test_changes_are_taken_back_exactly(backend: WhisperBackend, folder: Path, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in backend.model.state_dict().items()}
    weights = HealedWeights(backend, healed(backend, folder, tmp_path))
    moved = {n for n, v in backend.model.state_dict().items() if not torch.equal(v, before[n])}
    assert moved
    assert all(n.startswith("model.encoder.layers.") for n in moved)
    weights.take_back()
    assert all(torch.equal(v, before[n]) for n, v in backend.model.state_dict().items())
    assert backend.healed == ""


def test_what_was_made_is_found_again_for_this_encoder_alone(
    backend: WhisperBackend, folder: Path, tmp_path: Path
) -> None:
    made = healed(backend, folder, tmp_path)
    encoder = encoder_hash(folder)
    assert find_made(tmp_path, encoder, SHORT) == made
    assert find_made(tmp_path, encoder, 5) is None
    assert find_made(tmp_path, "0" * 64, SHORT) is None
    made.file.write_bytes(made.file.read_bytes()[:100])  # cut off by a full disk: made again, and nothing raised
    assert find_made(tmp_path, encoder, SHORT) is None


def test_another_models_changes_are_refused(backend: WhisperBackend, folder: Path, tmp_path: Path) -> None:
    made = healed(backend, folder, tmp_path)
    other = load(folder_spec(save_whisper(tmp_path / "wider", inner=64)))
    assert isinstance(other, WhisperBackend)
    with pytest.raises(ModelError, match="another model"):
        HealedWeights(other, made)


def test_an_interrupted_healing_goes_on_and_ends_alike(backend: WhisperBackend, folder: Path, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(made: int) -> None:
        if made == 17:
            raise Stopped

    whole = healed(backend, folder, tmp_path / "whole").file.read_bytes()
    with pytest.raises(Stopped):
        healed(backend, folder, tmp_path / "cut", made=stop)
    assert backend.window == WINDOW_S
    assert not any("lora" in n for n, _ in backend.model.named_parameters())
    steps: list[int] = []
    again = healed(backend, folder, tmp_path / "cut", made=steps.append)
    assert steps[0] == 11  # from the checkpoint at 10
    assert again.file.read_bytes() == whole


def test_too_few_sounds_for_a_window_are_one_sentence(backend: WhisperBackend, folder: Path, tmp_path: Path) -> None:
    heard = FeatureCache(tmp_path / "cache", backend, backend.decode_start)
    few = items(range(3))
    heard.fill(few)
    out = made_file(tmp_path, "0" * 64, SHORT)
    with pytest.raises(TrainingError, match="Only 3 sounds"):
        heal(backend, few, heard, encoder="", windows=(SHORT,), out=out, work=tmp_path / "work", updates=5)
    assert not out.exists()


def test_what_ships_healed_can_be_read_and_says_for_what() -> None:
    shipped = sorted((assets_root() / "healed").glob("*.safetensors"))
    assert shipped
    for file in shipped:
        found = read_healed(file)
        assert found.windows == WINDOWS
        assert len(found.encoder) == 64


def test_the_starter_begins_healed(real_model: Callable[[str], Path]) -> None:
    folder = real_model("whisper-tiny.en")
    found = find_ready(folder, 10)
    assert found
    starter = load(folder_spec(folder))
    assert isinstance(starter, WhisperBackend)
    voices = sorted((assets_root() / "clips" / "general" / "audio").iterdir())[:4]
    clips = [ClipInput(read_clip(file)) for file in voices]

    def heard() -> list[torch.Tensor]:
        found = starter.encode_prefix(clips, starter.decode_start)
        return [a["memory"][: len(c.samples) // 320] for a, c in zip(found, clips, strict=True)]

    own = heard()
    starter.set_window(10)
    unhealed = distance(heard(), own)
    HealedWeights(starter, found)
    assert distance(heard(), own) < 0.3 * unhealed
