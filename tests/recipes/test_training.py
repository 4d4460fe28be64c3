"""The loop counts, stops with its budget and goes on where it stopped; the folder loads with stock transformers."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from transformers import (
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from recipes.pretrain.bank import Bank
from recipes.pretrain.card import Facts, card
from recipes.pretrain.ctc import TEMPLATE, Ctc
from recipes.pretrain.optimizer import Optimizer, orthogonalised
from recipes.pretrain.recipe import MODELS, Order, begun, learner_of
from recipes.pretrain.replay import shapes
from recipes.pretrain.score import Errors
from recipes.pretrain.texts import Corpus
from recipes.pretrain.train import Plan, Trainer, averaged_of, gpu_batch, moving_average
from tests.conftest import speechlike


@pytest.fixture
def plan(spoken: Callable[..., Path], tmp_path: Path) -> Plan:
    spoken("speech/1")
    (tmp_path / "run").mkdir()
    return Plan(speech=tmp_path / "speech", out=tmp_path / "run", minutes=2 / 60, round_s=5.0, batch_s=4.0)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_stops_in_time_and_goes_on_at_its_step(model: str, plan: Plan) -> None:
    trainer = Trainer(plan, learner_of(model, None, Corpus()))
    trainer.run()
    done = trainer.progress
    assert done.step > 0
    assert done.heard_s > 0
    assert 2 <= done.busy_s < 12

    longer = Plan(**{**vars(plan), "minutes": plan.minutes + done.busy_s / 60})
    again = Trainer(longer, learner_of(model, None, Corpus()))
    assert again.progress == done
    restored = again.learner.module.state_dict()
    assert all(torch.equal(weights, restored[name]) for name, weights in trainer.learner.module.state_dict().items())
    momentum = [state.state_dict()["state"] for state in again.optimizer.parts]
    assert all(momentum)
    again.run()
    assert again.progress.step > done.step
    assert again.progress.heard_s > done.heard_s


def test_a_sitting_may_end_before_the_plan_does(plan: Plan) -> None:
    short = Plan(**{**vars(plan), "minutes": 60, "sitting_minutes": 1 / 60})
    trainer = Trainer(short, learner_of("ctc-en", None, Corpus()))
    trainer.run()
    assert 1 <= trainer.progress.busy_s < 12
    assert Trainer(short, learner_of("ctc-en", None, Corpus())).progress == trainer.progress


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_batches_for_a_gpu_have_few_shapes_and_are_learned_from(model: str, plan: Plan) -> None:
    """All of a GPU's way but the recording, on the CPU, which computes in half precision too."""
    trainer = Trainer(Plan(**{**vars(plan), "replayed": False}), learner_of(model, None, Corpus()))
    trainer.on_gpu, trainer.bank = True, Bank(plan.speech, trainer.device)
    compute, given = trainer.recorded(), []
    trainer.compute = lambda *parts: given.append(shapes(parts)) or compute(*parts)
    batches = trainer.batches()
    several = [next(batches) for _ in range(12)]
    batches.close()
    for one in several:
        trainer.step(one, 0.4)
    assert len(set(given)) < 4
    losses = []
    for _ in range(12):
        trainer.progress.step += 10  # beyond the warm-up
        losses.append(trainer.step(several[0], 0.4).item())
    assert losses[-1] < 0.9 * losses[0]


def test_a_run_without_speech_says_so(tmp_path: Path) -> None:
    plan = Plan(speech=tmp_path, out=tmp_path, minutes=1)
    with pytest.raises(ValueError, match="no speech to train on"):
        Trainer(plan, learner_of("ctc-en", None, Corpus())).run()


def test_the_rate_rises_stays_and_falls_to_nearly_nothing(plan: Plan) -> None:
    assert plan.rate(0, 0.0) < plan.rate(50, 0.0) < plan.peak_rate
    assert plan.rate(1000, 0.3) == plan.peak_rate
    assert plan.rate(1000, 1.0) == pytest.approx(plan.floor * plan.peak_rate)


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((24, 96), (96, 24), (32, 32)):
        values = torch.linalg.svdvals(orthogonalised(torch.randn(shape)))
        assert values.min() > 0.3
        assert values.max() < 1.5


def test_every_weight_is_in_one_optimiser() -> None:
    for model in MODELS:
        module = learner_of(model, None, Corpus()).module
        optimizer = Optimizer(module)
        given = [id(w) for part in optimizer.parts for group in part.param_groups for w in group["params"]]
        assert sorted(given) == sorted(id(weight) for weight in module.parameters() if weight.requires_grad)
        optimizer.rate = 0.5
        assert {group["lr"] for part in optimizer.parts for group in part.param_groups} == {0.5}


@pytest.mark.parametrize("model", MODELS)
def test_the_folder_loads_with_stock_transformers(model: str, plan: Plan, tmp_path: Path) -> None:
    learner = learner_of(model, None, Corpus())
    trainer = Trainer(plan, learner)
    trainer.save()
    learner.save(averaged_of(plan.out, learner), tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").stat().st_size < 16e6
    sound = speechlike(1.0)
    if model == "ctc-en":
        loaded = Wav2Vec2ForCTC.from_pretrained(tmp_path / "model")
        Wav2Vec2Processor.from_pretrained(tmp_path / "model")
    else:
        loaded = WhisperForConditionalGeneration.from_pretrained(tmp_path / "model")
        processor = WhisperProcessor.from_pretrained(tmp_path / "model")
        assert processor.feature_extractor.nb_max_frames == 2 * loaded.config.max_source_positions
        features = processor(sound, sampling_rate=16_000, return_tensors="pt").input_features
        loaded.float().generate(features, language="en", task="transcribe", max_new_tokens=5)
        for task in ("transcribe", "translate"):
            processor.tokenizer.set_prefix_tokens(language="english", task=task)
            tokens = processor.tokenizer.convert_ids_to_tokens(processor.tokenizer("yes").input_ids)
            assert tokens[:4] == ["<|startoftranscript|>", "<|en|>", f"<|{task}|>", "<|notimestamps|>"]
        assert loaded.generation_config.lang_to_id == {"<|en|>": processor.tokenizer.convert_tokens_to_ids("<|en|>")}
    kept = learner.saved_part(learner.module).state_dict()
    for name, weights in islice(loaded.state_dict().items(), 20):
        assert torch.allclose(weights.float(), kept[name].half().float()), name


def test_going_on_from_a_whisper_keeps_its_tokens(plan: Plan, tmp_path: Path) -> None:
    first = learner_of("whisper-en", None, Corpus())
    first.save(first.module, tmp_path / "model")
    again = learner_of("whisper-en", tmp_path / "model", Corpus())
    text = "turn the volume up"
    assert first.processor.tokenizer(text).input_ids == again.processor.tokenizer(text).input_ids


def test_a_run_keeps_its_tokens_when_other_texts_are_given(tmp_path: Path) -> None:
    (tmp_path / "books.txt").write_text("zebras graze\n" * 4000 + "xylophones\n" * 3000, encoding="utf-8")
    first = begun("whisper-en", None, Corpus(), tmp_path / "run")
    again = begun("whisper-en", None, Corpus(tmp_path / "books.txt"), tmp_path / "run")
    assert first.processor.tokenizer.get_vocab() == again.processor.tokenizer.get_vocab()


def test_the_card_says_what_was_measured() -> None:
    facts = Facts(
        name="whisper-en",
        n_weights=4_838_592,
        table={"heard voices": Errors(300, 0.1234, 0.0567)},
        speech_h=15.4,
        heard_h=98.7,
        steps=12_345,
        minutes=110,
        texts=("books.txt",),
        start_from="ctc-en",
        machine="a machine",
    )
    text = card(facts)
    numbers = ("4.84 M", "| heard voices | 300 | 0.123 | 0.057 |", "15.4 hours", "98.7 hours", "12,345", "110")
    for said in (*numbers, "books.txt", "`ctc-en`", "a machine", "kal", "Not good for", "Apache-2.0"):
        assert said in text, said


def test_an_unknown_model_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ctc-en, whisper-en"):
        Order(model="parakeet", minutes=1, work=tmp_path, out=tmp_path)


def test_the_workbench_facts_are_those_of_the_bundled_model() -> None:
    from recipes.pretrain.card import workbench_facts
    from recipes.pretrain.ctc import TEMPLATE

    bundled = json.loads((TEMPLATE / "workbench.json").read_text(encoding="utf-8"))
    made = workbench_facts(Facts("ctc-en", 1, {}, 1, 1, 1, 1))
    assert set(made) == set(bundled)


def test_a_checkpoint_of_another_shape_is_refused_in_a_sentence(plan: Plan, tmp_path: Path) -> None:
    Trainer(plan, Ctc(TEMPLATE)).save()
    with pytest.raises(ValueError, match="more or fewer layers"):
        Trainer(plan, Ctc(TEMPLATE, layers=12))


def test_the_average_follows_a_short_training_and_smooths_a_long_one() -> None:
    kept, new = [torch.zeros(2)], [torch.ones(2)]
    moving_average(0.998)(kept, new, 1)
    assert kept[0].tolist() == pytest.approx([1 - 2 / 11] * 2)
    kept = [torch.zeros(2)]
    moving_average(0.998)(kept, new, torch.tensor(100_000))
    assert kept[0].tolist() == pytest.approx([0.002] * 2)


def test_a_rate_that_teaches_nothing_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give a positive one"):
        Order(model="ctc-en", minutes=1, work=tmp_path, out=tmp_path, rate=0.0)


@pytest.mark.parametrize(("gib", "times"), [(1, 1), (8, 4), (24, 12), (139, 20)])
def test_a_smaller_gpu_is_given_smaller_batches(gib: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=gib * 2**30))
    assert gpu_batch(torch.device("cuda")) == times


def test_few_clips_are_said_to_be_few_in_the_card() -> None:
    made = {"name": "ctc-en", "n_weights": 1, "speech_h": 1.0, "heard_h": 1.0, "steps": 1, "minutes": 1.0}
    few = card(Facts(**made, table={"heard": Errors(20, 0.1, 0.1)}))
    assert "These are 20 clips a set, which are short and plain" in few
    assert "not to be compared" not in card(Facts(**made, table={"heard": Errors(300, 0.1, 0.1)}, texts=("books.txt",)))
