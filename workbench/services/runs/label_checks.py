"""Labels held against a model: its alphabet, and the labels that it cannot learn as they stand."""

from collections.abc import Sequence

from workbench.asr.catalog.catalog import Catalog, local_folder
from workbench.asr.catalog.model_folder import read_config
from workbench.asr.catalog.outline import can_grow, characters, frames_needed, n_frames, window
from workbench.core.config import TrainingConfig
from workbench.core.text.normalize import Alphabet, to_model_text
from workbench.core.types import SAMPLE_RATE, ModelSpec
from workbench.errors import WorkbenchError
from workbench.language.said import count, say
from workbench.services.importers.lines import Problem
from workbench.services.labels.revisions import Labelling
from workbench.store.database import Store
from workbench.store.queries import find_set


class LabelChecks:
    """Looks at labels with a model's alphabet; loads no model."""

    def __init__(self, store: Store, catalog: Catalog, labelling: Labelling) -> None:
        self.store, self.catalog, self.labelling = store, catalog, labelling

    def new_characters(
        self, spec: ModelSpec, texts: Sequence[str], config: TrainingConfig
    ) -> tuple[tuple[str, ...], list[str]]:
        """Characters of the labels that the model lacks, and what that means."""
        alphabet, folder = self.alphabet(spec, config.language), local_folder(spec)
        if alphabet is None or folder is None:
            return (), []
        unknown = [set(to_model_text(text, alphabet, config.language).unknown) for text in texts]
        new = tuple(sorted(set().union(*unknown)))
        if not new:
            return (), []
        clips = sum(map(bool, unknown))
        shown = " ".join(new[:20]) + (" …" if len(new) > 20 else "")
        if not can_grow(folder):
            if config.extend_alphabet:
                raise WorkbenchError(
                    say(
                        "The model {name} writes pieces of words, to which no characters can be "
                        "added; correct the labels, or choose a model that writes letter by letter.",
                        name=spec.name,
                    )
                )
            said = count(
                clips,
                "{n} clip cannot be learned: {model} cannot write {characters}; correct its label.",
                "{n} clips cannot be learned: {model} cannot write {characters}; correct their labels.",
                model=spec.name,
                characters=shown,
            )
        elif config.extend_alphabet:
            said = count(
                len(new),
                "{n} new character joins the model's alphabet: {characters}",
                "{n} new characters join the model's alphabet: {characters}",
                characters=shown,
            )
        else:
            said = count(
                clips,
                "{n} clip cannot be learned as it stands: the model cannot write {characters}. Let the alphabet grow "
                "by these characters (extend alphabet), or correct the label.",
                "{n} clips cannot be learned as they stand: the model cannot write {characters}. Let the alphabet grow "
                "by these characters (extend alphabet), or correct the labels.",
                characters=shown,
            )
        return new, [said]

    def alphabet(self, spec: ModelSpec, language: str | None = None) -> Alphabet | None:
        """The characters a model writes (in a language, for MMS), read from its files; None where they are not here."""
        folder = local_folder(spec)
        if folder is None or not any((folder / name).is_file() for name in ("vocab.json", "tokenizer.json")):
            return None
        known = characters(folder, language)
        return Alphabet(known) if known is not None else None

    def cannot_learn(self, set_name: str, model: str | ModelSpec) -> list[Problem]:
        """Labelled clips that a model cannot learn from as they stand; empty while its files are not here.

        Raises:
            UnknownNameError: No such set or model.
        """
        spec = self.catalog.find(model) if isinstance(model, str) else model
        folder = local_folder(spec)
        clips = [c for c in self.labelling.clips(set_name) if c.status == "confirmed"]
        if folder is None:
            return []
        longest = window(folder)
        config = read_config(folder)
        with self.store.session() as session:
            language = find_set(session, set_name).language
        alphabet = self.alphabet(spec, language)
        grows = say("let its alphabet grow, or correct the label")
        remedy = grows if can_grow(folder) else say("correct the label")
        problems = []
        for clip in clips:
            if longest is not None and clip.duration > longest:
                reason = say(
                    "{duration:.1f} s are longer than the {longest:.0f} s that {model} hears at once",
                    duration=clip.duration,
                    longest=longest,
                    model=spec.name,
                )
                problems.append(Problem(clip.name, None, reason, say("split the clip, or choose a CTC model")))
                continue
            if alphabet is None:
                continue
            written = to_model_text(clip.text, alphabet, language)
            needed = frames_needed(folder, written.text)
            frames = n_frames(config, round(clip.duration * SAMPLE_RATE))
            if written.unknown:
                characters = " ".join(written.unknown)
                reason = say("the model {model} cannot write {characters}", model=spec.name, characters=characters)
                problems.append(Problem(clip.name, None, reason, remedy))
            elif not written.text.strip():
                reason = say("nothing is left of the text in the alphabet of {model}", model=spec.name)
                problems.append(Problem(clip.name, None, reason, say("write down what is said in letters")))
            elif frames is not None and needed > frames:
                reason = say(
                    "more text than frames: it needs {needed}, {duration:.2f} s of sound give {frames}",
                    needed=needed,
                    duration=clip.duration,
                    frames=frames,
                )
                problems.append(Problem(clip.name, None, reason, say("check that the text belongs to this sound")))
        return problems
