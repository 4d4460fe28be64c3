"""Makes a loaded run ready to learn: labels, the frozen prefix, what the base hears.

What it leaves is the same whether one strategy learns, several race or parts of the clips are tried.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from workbench.asr.training.feature_cache import FeatureCache
from workbench.asr.training.freezing import plan_for_blocks
from workbench.core.config import TrainingConfig
from workbench.core.text.normalize import Alphabet, to_model_text
from workbench.core.types import SAMPLE_RATE, FreezePlan, Part, Seconds, Split
from workbench.errors import TrainingError
from workbench.language.said import count, say
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.remaining import Course
from workbench.services.estimates.window import find_healed, healing_ahead
from workbench.services.estimates.workload import Sound, Work
from workbench.services.labels.revisions import Labelling
from workbench.services.runs.arm import Arm
from workbench.services.runs.clips import RunClip
from workbench.services.runs.context import RunContext
from workbench.services.runs.forgetting import GeneralCheck, general_set
from workbench.services.runs.loaded import LoadedRun, run_window
from workbench.services.runs.records import versions
from workbench.services.runs.rehearsal import Rehearsal, rehearsal_of
from workbench.services.runs.short_window import ShortWindow, make_healed

if TYPE_CHECKING:
    from workbench.asr.models.whisper import WhisperBackend

LANGUAGE_CLIPS = 8  # listened to where a model has to recognise the language

# How long a run of this kind takes: by what it has to do, and its plans with their settings.
Foretell = Callable[[Expecting, Work, Sequence[tuple[FreezePlan, TrainingConfig]]], Expectation]


def prepare(run: LoadedRun, foretell: Foretell) -> RunContext:
    """Let what is frozen listen and the base write down the test clips.

    Raises:
        WorkbenchError: It cannot be done; the message is for the user.
        StopRequested: Stopped before anything was learned.
    """
    backend, model = run.backend, run.model
    plans = [plan_for_blocks(backend.blocks(), strategy, config) for strategy, config in run.wanted]
    shallowest = min(backend.audio_boundary(plan.boundary) for plan in plans)
    own_window = backend.window if backend.padded_to else None
    window = run_window(run.config, backend)
    # In a window of the run's own the base listens for itself, as deep as it can: later runs find it done.
    base_hearing = model.cache(shallowest if window is None else backend.decode_start)
    splits = _splits(run)
    general = _general_check(run, splits, window or backend.window)
    rehearsal = rehearsal_of(run, general)
    speech = (*general.clips, *general.steer, *rehearsal.clips)
    work = replace(_work(run, splits, general, own_window, window, plans), rehearse=rehearsal.lengths)
    arms_ahead = [(plan, config) for plan, (_, config) in zip(plans, run.wanted, strict=True)]
    run.progress.course = Course.foretold(foretell(Expecting(run.store, run.workspace.cache), work, arms_ahead))
    judging = _judging(run, splits, window)
    if window is None:
        _listen(run, base_hearing, [*run.clips.values(), *speech], say("Listening once with the frozen part"))
    else:
        _listen(run, base_hearing, [*judging, *speech], say("Hearing clips and general speech with the base"), "base")
    _choose_language(run, base_hearing)
    base_heard = model.transcribe(judging, base_hearing, "base", say("Transcribing with the base model"))
    base_texts = _keep_base_texts(run, splits, base_heard)

    def by_base(clips: Sequence[RunClip], phase: str, message: str) -> dict[int, str]:
        return model.transcribe(clips, base_hearing, phase, message)

    general.hear_base(by_base)
    rehearsal.find_texts(run, by_base)
    short, hearing = None, base_hearing
    if window is not None:
        short = _enter_window(run, window, plans)
        hearing = model.cache(shallowest)
        _listen(run, hearing, [*run.clips.values(), *speech], say("Listening once with the frozen part"))
    written, new_characters = _written(run, splits)
    if new_characters:
        backend.extend(new_characters)
    labels = _learnable(run, written)
    for split in splits:
        if not any(i in labels for i in split.train):
            raise TrainingError(say("No clip is left to train on; confirm more labels."))
    training = sorted({i for s in splits for i in s.train if i in labels})
    arms = tuple(
        _arm(run, strategy, config, labels, training, rehearsal, new_characters, hearing, short)
        for strategy, config in run.wanted
    )
    run.save(versions=versions())
    return RunContext(
        run=run,
        splits=splits,
        labels=labels,
        base_texts=base_texts,
        base_heard=base_heard,
        new_characters=new_characters,
        arms=arms,
        general=general,
        work=work,
        hearing=hearing,
        base_hearing=base_hearing,
        short=short,
    )


def _splits(run: LoadedRun) -> tuple[Split, ...]:
    """The run's one split, or its folds; clips erased since are left out."""
    splits = [Split.from_json(d) for d in run.row.split["folds"] or [run.row.split]]

    def still(ids: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(i for i in ids if i in run.clips)

    return tuple(replace(s, train=still(s.train), dev=still(s.dev), test=still(s.test)) for s in splits)


def _general_check(run: LoadedRun, splits: Sequence[Split], window: Seconds | None) -> GeneralCheck:
    """The clips on which forgetting is measured, without those that the delivered model learns from."""
    learned = [run.clips[i] for i in sorted({i for s in splits for i in (*s.train, *s.dev)})]
    judging = [run.clips[i] for i in sorted({i for s in splits for i in s.test})]
    name, language = run.config.general_set, run.config.language
    with run.store.session() as session:
        found = general_set(session, name, run.row.set_id, learned, judging=judging, language=language)
    steers = any(config.blend is None for _, config in run.wanted)
    return GeneralCheck(found.within(window).whole(run.workspace) if found else None, steers)


def _work(
    run: LoadedRun,
    splits: Sequence[Split],
    general: GeneralCheck,
    own: Seconds | None,
    window: int | None,
    plans: Sequence[FreezePlan],
) -> Work:
    """What this run's stages have to do."""
    sides = [{"train": s.train, "dev": s.dev, "test": s.test} for s in splits]
    sounds = {c.id: Sound(c.sha256, c.n_samples / SAMPLE_RATE) for c in run.clips.values()}
    healing = healing_ahead(run.model_folder, own, window, plans, run.workspace.root)
    own_first = own if window else None
    return Work(
        run.row.model["name"],
        sides,
        sounds,
        _lengths(general.clips),
        window or own,
        own_first,
        healing,
        _lengths(general.steer),
    )


def _lengths(clips: Iterable[RunClip]) -> list[Seconds]:
    return [clip.n_samples / SAMPLE_RATE for clip in clips]


def _judging(run: LoadedRun, splits: Sequence[Split], window: int | None) -> list[RunClip]:
    """The clips that are written down by the base: what judges and, in a shorter window, what steers."""
    wanted = {i for s in splits for i in (*s.test, *(s.dev if window is not None else ()))}
    return [run.clips[i] for i in sorted(wanted)]


def _listen(
    run: LoadedRun,
    hearing: FeatureCache,
    clips: Iterable[RunClip],
    message: str,
    phase: str = "prefix",
) -> None:
    """Let what is frozen hear clips."""
    run.model.fill(hearing, [run.model.item(c) for c in clips], message, phase)


def _choose_language(run: LoadedRun, hearing: FeatureCache) -> None:
    """Where the model does not know the set's language, tell it the one it takes most clips for."""
    wanted = (run.config.language or "").split("-")[0]
    if run.backend.languages() is None or run.language is not None:
        return
    why = say("the model does not know {language}", language=wanted) if wanted else say("the set names no language")
    first = sorted(run.clips.values(), key=lambda c: c.sha256)[:LANGUAGE_CLIPS]
    items = [hearing.fetch(run.model.item(c)) for c in first]
    run.language = run.backend.recognise_language(items, hearing.boundary)
    run.backend.set_language(run.language, run.config.task)
    run.notes.append(
        say(
            "The model was told that the language is {language}, for which it took most of {clips} clips: {why}.",
            language=run.language,
            clips=len(first),
            why=why,
        )
        if run.language
        else say("The model cannot tell languages and kept the one that it came with: {why}.", why=why)
    )


def _keep_base_texts(run: LoadedRun, splits: Sequence[Split], heard: Mapping[int, str]) -> dict[int, str]:
    """What the base heard in the test clips; kept, so that the page can say what they prove before the next run."""
    texts = {i: heard[i] for i in sorted({i for s in splits for i in s.test})}
    sounds = {i: run.clips[i].sha256 for i in texts}
    Labelling(run.store).save_drafts(run.row.model["name"], texts, draft=False, sounds=sounds)
    return texts


def _enter_window(run: LoadedRun, window: int, plans: Sequence[FreezePlan]) -> ShortWindow:
    """Let the model hear in the run's window, healed for it where that is at hand or cannot be done without."""
    backend = cast("WhisperBackend", run.backend)  # no other family has a window
    frozen = any(plan.listens_frozen for plan in plans)
    healed = find_healed(run.model_folder, window, run.workspace.root, made=frozen)
    if healed is None and frozen:
        began = time.monotonic()
        healed = make_healed(
            run.workspace, backend, run.model_folder, window, progress=run.progress, counted=run.model.count
        )
        run.model.seconds["healing"] = time.monotonic() - began
    short = ShortWindow(backend, window, healed)
    short.enter()
    run.kept["window"] = {"seconds": window, "healed": healed.sha256 if healed else None}
    return short


def _written(run: LoadedRun, splits: Sequence[Split]) -> tuple[dict[int, str], list[str]]:
    """Each learning clip's label as the model writes it, and the characters to add to the alphabet."""
    # With folds every clip learns: in the other folds, and for the model that is delivered.
    learning = sorted({i for s in splits for i in (*s.train, *s.dev, *(s.test if len(splits) > 1 else ()))})
    characters = run.backend.characters()
    if characters is None:
        return {i: run.clips[i].text for i in learning}, []
    alphabet = Alphabet(characters)
    texts = {i: to_model_text(run.clips[i].text, alphabet, run.config.language) for i in learning}
    new = sorted({c for t in texts.values() for c in t.unknown}) if run.config.extend_alphabet else []
    return {i: t.text for i, t in texts.items()}, new


def _learnable(run: LoadedRun, written: Mapping[int, str]) -> dict[int, str]:
    """The labels that can be learned; the others are named in a note."""
    reasons = {i: run.backend.unlearnable_reason(text, run.clips[i].n_samples) for i, text in written.items()}
    labels = {i: text for i, text in written.items() if reasons[i] is None}
    problems = {i: reason for i, reason in reasons.items() if reason is not None}
    if not labels:
        raise TrainingError(
            say(
                "None of the {n} clips can be learned: {why}. Correct the labels, or let the "
                "alphabet grow by the labels' new characters (extend alphabet).",
                n=len(written),
                why=next(iter(problems.values()), say("there are none")),
            )
        )
    if problems:
        first = next(iter(problems))
        run.notes.append(
            count(
                len(problems),
                "{n} of {clips} clips cannot be learned and was left out of training, for instance {name}: {why}.",
                "{n} of {clips} clips cannot be learned and were left out of training, for instance {name}: {why}.",
                clips=len(written),
                name=run.clips[first].name,
                why=problems[first],
            )
        )
    return labels


def _arm(
    run: LoadedRun,
    strategy: str,
    config: TrainingConfig,
    labels: Mapping[int, str],
    training: Sequence[int],
    rehearsal: Rehearsal,
    new_characters: Sequence[str],
    shallow: FeatureCache,
    short: ShortWindow | None,
) -> Arm:
    """A strategy with its settings, made ready to learn: what is frozen has listened."""
    model = run.model
    plan = plan_for_blocks(run.backend.blocks(), strategy, config)
    plan = replace(plan, window=float(short.seconds)) if short else plan
    _check_new_characters(plan, new_characters)
    hearing = model.cache(run.backend.audio_boundary(plan.boundary), shallow)
    rehearsed = tuple(model.example(clip, text, 0) for clip, text in rehearsal.learned)
    if hearing is not shallow:
        run.progress.add("prefix", len(labels) + len(rehearsed))
        heard = [*(run.clips[i] for i in labels), *(clip for clip, _ in rehearsal.learned)]
        model.fill(hearing, [model.item(clip) for clip in heard], say("Listening once with the frozen part"))
    cache = model.cache(plan.boundary, hearing)  # inside a decoder, where the labels are known
    examples = {i: model.example(run.clips[i], text, config.augment_copies) for i, text in labels.items()}
    if cache is not hearing:
        run.progress.add("prefix", len(training) + len(rehearsed))
        read = [*(examples[i].items[0] for i in training), *(e.items[0] for e in rehearsed)]
        model.fill(cache, read, say("Reading the labels once"))
    copies = [item for i in training for item in examples[i].items[1:]]
    model.fill(cache, copies, say("Listening to the altered copies"))
    return Arm(strategy, config, plan, hearing, cache, examples, rehearsed)


def _check_new_characters(plan: FreezePlan, new_characters: Sequence[str]) -> None:
    head = [part for block, part in zip(plan.blocks, plan.parts, strict=True) if block.kind == "head"]
    if new_characters and head == [Part.NOTHING]:
        raise TrainingError(
            say(
                "With {strategy} the output layer stays frozen and would never write "
                "{characters}; choose a strategy that lets the head learn, such as top-2 or full.",
                strategy=plan.strategy,
                characters=" ".join(new_characters[:20]),
            )
        )
