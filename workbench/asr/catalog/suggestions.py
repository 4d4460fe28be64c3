"""Settings to start from, by model, strategy and number of clips, each with its reason.

Rates stand in the catalogue (from the literature for supervised models, measured for the bundled one); epochs follow
the number of clips, with longer training for models that begin far from the target.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.asr.catalog.catalog import RATE_CAP_FACTOR, SMALL_MODEL_PARAMETERS, rate_for
from workbench.asr.catalog.languages import knows
from workbench.core.config import DEFAULT_FOLDS, FOLDS_BELOW_CLIPS, TrainingConfig
from workbench.core.types import ModelSpec
from workbench.language.said import listing, say

# A small model was trained without and has nothing to spare. On the set clinic, ctc-en found nothing better than itself
# (38.4 % WER) with 0.15 at 3e-4, and 29.6 % with 0; the earlier, weaker one had gained a little by 0.15 on digits.
SMALL_MODEL_DROPOUT = 0.0
FEW_WEIGHTS = ("head", "norms-and-biases", "lora", "adapters")  # no weight decay: docs/recipes.md, "Other settings"
MAIN = ("learning_rate", "epochs", "augment_copies", "folds")  # the settings whose reasons are worth a line each
# A check follows each pass, which few clips make in three updates: with 30 clips of coffee orders three checks without
# progress ended training after 9 updates, where 25 are known to halve the errors.
PATIENCE_UPDATES = 30
# Real whisper-tiny.en, encoder, on 182 clips of coffee orders: 7.7 % WER on their dev clips, 4.0 after 34 updates of
# eight clips, 1.5 after 68, 1.1 after 102.
STRONG_UPDATES = 200  # at most, of a strong model
# Of each update of a strong model; docs/figures.md, "What rehearsal keeps". The bundled small ones get half of general
# speech wrong and more, and would learn just that; so would a model that does not know the language.
REHEARSAL_SHARE = 0.5
TRAIN_SHARE = 0.7  # of the clips, about
XS_CLIPS, S_CLIPS = 30, 80  # docs/recipes.md, "Sizes": XS below 30 clips, S below 80, M from there


@dataclass(frozen=True)
class Effort:
    """What an effort changes of the usual settings.

    Attributes:
        passes: Times as many epochs, and as many updates at most.
        folds: Where each clip has to be a test clip once.
        patience: Checks without progress that are borne, more or less.
        why: In a few words.
    """

    passes: float
    folds: int
    patience: int
    why: str


EFFORTS: Mapping[str, Effort] = {
    "quick": Effort(0.6, 3, 0, say("quick: fewer passes, for a first look")),
    "usual": Effort(1.0, DEFAULT_FOLDS, 0, say("the usual")),
    "thorough": Effort(2.0, 10, 3, say("thorough: more passes, and more clips in each fold's training")),
}


@dataclass(frozen=True)
class Suggestion:
    """Settings to start from, and the highest learning rate the page accepts.

    Attributes:
        why: Name of a setting -> why it has this value, one sentence.
    """

    config: TrainingConfig
    why: Mapping[str, str]
    rate_cap: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """The sentences about what matters most, for a terminal."""
        return tuple(self.why[name] for name in MAIN if name in self.why)


def usual_strategy(
    spec: ModelSpec, names: Sequence[str], language: str | None = None, *, wer: float | None = None
) -> str:
    """The strategy to begin with: docs/recipes.md, "Which strategy first".

    Whisper: the encoder, which listens, as its decoder knows the language already; everything for a language that the
    model does not know, or knows in name only, and for a small model, whose decoder has read little: with an earlier
    whisper-en on the set clinic, 61.0 % WER became 54.1 % by the encoder and 46.5 % by everything. A supervised CTC
    model: all but the convolutions, or all where it has none (w2v-BERT). MMS: its adapters, where those are offered.

    Args:
        names: Of the strategies on offer.
        language: Of the clips; None where it is not known.
        wer: Of the model on the set's confirmed clips, as a fraction; None where it has heard none.
    """
    foreign = _is_foreign(spec, language, wer)
    wanted: tuple[str, ...] = ("adapters", "all-but-features", "full")
    if spec.family == "seq2seq":
        wanted = ("full", "encoder") if foreign or _is_small(spec) else ("encoder", "full")
    return next((name for name in wanted if name in names), names[0])


def _is_foreign(spec: ModelSpec, language: str | None, wer: float | None = None) -> bool:
    return bool(language) and knows(spec, language, wer) in ("not it", "not it, but many", "in name only")


def _is_small(spec: ModelSpec) -> bool:
    """Whether it is of the bundled models' size, which starts far from most speech."""
    return (spec.parameters or SMALL_MODEL_PARAMETERS) < SMALL_MODEL_PARAMETERS


def _checks_of(updates: int, clips: int) -> int:
    """Checks on the dev clips in about so many updates of a set."""
    in_a_pass = max(1.0, TRAIN_SHARE * clips / TrainingConfig.batch_clips)
    return math.ceil(updates / in_a_pass)


def copies_for(strategy: str, *, small_model: bool) -> int:
    """Altered copies of a clip. Before the first learning block nothing is cached, so that more of them cost no more.

    Tried with an earlier ctc-en on four speakers' digits, scored on two others: 18 % WER with 20 copies of moderate
    strength, 28 % with as many of wider speeds, 26 % with other pitches and time masks besides.
    """
    if not small_model:
        return 0
    return 20 if strategy in ("full", "all-but-features", "encoder") else 4


def suggest(
    spec: ModelSpec,
    strategy: str,
    *,
    clips: int,
    language: str | None = None,
    like: str | None = None,
    effort: str = TrainingConfig.effort,
) -> Suggestion:
    """Settings for fine-tuning `spec` with `strategy` on so many confirmed clips.

    Args:
        effort: One of `core.config.EFFORTS`.
        like: The named strategy that lets the same kinds of weights learn, for custom; see `freezing.kin`.
    """
    named, strategy, tries = strategy, like or strategy, EFFORTS[effort]
    small_model = _is_small(spec)
    rate = rate_for(spec, strategy)
    size = "XS" if clips < XS_CLIPS else "S" if clips < S_CLIPS else "M"
    scaled = rate * 0.7 if size == "XS" else rate
    if small_model:
        epochs, cap = 40, 1000
        length = say("a small model that starts far from your speech needs many passes")
    else:
        epochs, cap = {"XS": 18, "S": 12, "M": 9}[size], STRONG_UPDATES
        length = say("a strong model needs few passes before it forgets")
    epochs, cap = round(epochs * tries.passes), round(cap * tries.passes)
    if effort != TrainingConfig.effort:
        length = listing([tries.why, length], "; ")
    copies = copies_for(strategy, small_model=small_model)
    folds = tries.folds if clips < FOLDS_BELOW_CLIPS else 0
    why: dict[str, str] = {
        "learning_rate": _why_rate(spec, scaled, strategy, named, few_clips=size == "XS"),
        "epochs": say("{epochs} epochs, at most {updates} updates: {why}.", epochs=epochs, updates=cap, why=length),
        "augment_copies": say(
            "{copies} altered copies of each training clip (speed, room, noise): few stand for many.", copies=copies
        )
        if copies
        else say("No altered copies of the clips: a strong model knows other rooms and speeds already."),
        "folds": say(
            "{folds} folds: with fewer than {clips} clips each has to be a test clip once.",
            folds=folds,
            clips=FOLDS_BELOW_CLIPS,
        )
        if folds
        else say("The set's own test clips judge: there are enough for that."),
    }
    config = TrainingConfig(
        effort=effort,
        epochs=epochs,
        max_updates=cap,
        augment_copies=copies,
        dropout=SMALL_MODEL_DROPOUT if small_model else None,
        learning_rate=scaled,
        weight_decay=0.0 if strategy in FEW_WEIGHTS else 0.01,
        time_mask=0.0 if spec.family == "seq2seq" else TrainingConfig.time_mask,
        patience=max(8 if small_model else 5, _checks_of(PATIENCE_UPDATES, clips)) + tries.patience,
        folds=folds,
        rehearsal=0.0 if small_model or _is_foreign(spec, language) else REHEARSAL_SHARE,
        language=language,
    )
    why |= _why_the_rest(config, spec, strategy, small_model=small_model)
    return Suggestion(config, why, rate * RATE_CAP_FACTOR)


def _why_the_rest(config: TrainingConfig, spec: ModelSpec, strategy: str, *, small_model: bool) -> dict[str, str]:
    """Why the settings that are rarely touched have their values."""
    few = strategy in FEW_WEIGHTS
    return {
        "batch_clips": say(
            "{clips} clips: a steady direction from few clips, and it fits a laptop's memory.", clips=config.batch_clips
        ),
        "batch_seconds": say(
            "{seconds:g} s keeps an update of long clips within a laptop's memory.", seconds=config.batch_seconds
        ),
        "weight_decay": say("None: so few weights learn that none can grow out of hand.")
        if few
        else say("{decay:g}, a light pull, as in the models' own training.", decay=config.weight_decay),
        "warmup_share": say(
            "{percent:.0f} % of the updates: the first steps must not be large ones.", percent=100 * config.warmup_share
        ),
        "max_updates": say("{updates}: a limit on time where there are many clips.", updates=config.max_updates),
        "patience": _why_patience(config.patience, small_model=small_model),
        "time_mask": say("None: models of this kind were made without.")
        if spec.family == "seq2seq"
        else say(
            "{percent:.0f} % of the sound hidden, so that few clips are not learned by heart.",
            percent=100 * config.time_mask,
        ),
        "dropout": say("The model's own.")
        if config.dropout is None
        else say(
            "{dropout:g}: a small model needs all it has; on dictation it learned nothing with 0.15.",
            dropout=config.dropout,
        ),
        "blocks": say("Only for custom and lora; the strip of blocks fills it in."),
        "lora_rank": say("{rank}: enough for new words, few enough weights for few clips.", rank=config.lora_rank),
        "seed": say("Any number; the same number repeats the same run."),
        "language": say("The clip set's.") if config.language else say("The clip set names none."),
        "task": say("Write what is said, in its own language."),
        "normalizer": say("Chosen by the labels' language, and shown beside every figure."),
        "general_set": say("The bundled English sentences for English sets, none for other languages."),
        "rehearsal": say(
            "{percent:.0f} % general speech in each update: less of it is forgotten.", percent=100 * config.rehearsal
        )
        if config.rehearsal
        else say("None: the model has no texts of its own to keep."),
        "rehearsal_texts": say("The base's own, which keep its capitals and punctuation, and need no labels."),
        "pull": say("None: it holds back what is learned of the set, too."),
        "red_line": say("{points:g} points, as in NVIDIA NeMo's recipe for adapting a model.", points=config.red_line),
        "max_forgetting": say(
            "{points:g} points: hardly anything, so that the model serves for all else too.",
            points=config.max_forgetting,
        ),
        "blend": say("Chosen after training, on the dev clips and general speech; the test clips judge it."),
    }


def _why_patience(checks: int, *, small_model: bool) -> str:
    if small_model:
        return say("{checks} checks: a weak start gets better late.", checks=checks)
    return say("{checks} checks: a strong model is at its best early.", checks=checks)


def _why_rate(spec: ModelSpec, rate: float, strategy: str, named: str, *, few_clips: bool) -> str:
    """Where a suggested rate comes from: a model that only its hub id names is in no catalogue.

    Args:
        named: The strategy that was asked for; `strategy` is the one whose rate it gets.
    """
    if spec.source == "hub" and spec.name == spec.location:
        whose = say("usual for models of this kind with {strategy}", strategy=strategy)
    else:
        whose = say("the catalogue's for {model} with {strategy}", model=spec.name, strategy=strategy)
    if named != strategy:
        whose = say("{whose}, as {named} is here", whose=whose, named=named)
    if few_clips:
        return say("Learning rate {rate:g}: {whose}, times 0.7 for fewer than 30 clips.", rate=rate, whose=whose)
    return say("Learning rate {rate:g}: {whose}.", rate=rate, whose=whose)
