"""Clips in a language that a model does not know: refused where it is to write them down, told where it is to learn."""

from workbench.asr.catalog.catalog import Catalog, local_folder, state_of
from workbench.asr.catalog.languages import is_foreign, knows
from workbench.asr.catalog.outline import can_grow
from workbench.core.types import ModelSpec, is_run
from workbench.errors import ModelError
from workbench.language.said import listing, say

NAMED = 3  # models in a remedy
NEAREST = ("here", "fetchable", "hub")
KNOWN = ("made for it", "among many")


def check_known(catalog: Catalog, spec: ModelSpec, language: str | None) -> None:
    """Refuse to let a model write down a language that it is known not to know.

    Raises:
        ModelError: Names models that know it.
    """
    if is_foreign(spec, language):
        raise ModelError(
            say(
                "The model {name} knows {languages} alone and would write nonsense for sounds in {language}; {remedy}.",
                name=spec.name,
                languages=" ".join(spec.languages),
                language=language,
                remedy=_remedy(catalog, str(language)),
            )
        )


def check_writer(catalog: Catalog, model: str | ModelSpec, language: str | None) -> None:
    """The same of a base model or a run by its name; a run has learned the language of its clips.

    Raises:
        WorkbenchError: As `check_known`, or there is no such base model.
    """
    if isinstance(model, ModelSpec) or not is_run(model):
        check_known(catalog, catalog.find(model) if isinstance(model, str) else model, language)


def language_notes(spec: ModelSpec, language: str | None, wer: float | None = None) -> list[str]:
    """What to say of the clips' language before a model is adapted.

    Args:
        wer: Of the model on the set's confirmed clips, as a fraction, where only the encoder is to learn.
    """
    folder, known = local_folder(spec), knows(spec, language, wer) if language else "not stated"
    if known == "not it, but many":
        return [
            say(
                "{model} does not know {language} among its languages: it writes such sounds down in the one that it "
                "takes each clip for, until it has learned otherwise from these clips.",
                model=spec.name,
                language=language,
            )
        ]
    if known == "in name only":
        return [
            say(
                "{model} gets most words of this set wrong, so it knows {language} in name only: full, where its "
                "decoder learns too, suits it better than encoder.",
                model=spec.name,
                language=language,
            )
        ]
    hears_letters = folder is not None and spec.family == "ctc" and can_grow(folder)
    if known != "not it" or not spec.languages or hears_letters:
        return []
    return [
        say(
            "{model} knows {languages} alone, and these clips are in {language}: it has to learn the language from "
            "them, which takes hours of speech; a model that knows it, or a related one, begins far ahead.",
            model=spec.name,
            languages=" ".join(spec.languages),
            language=language,
        )
    ]


def whom_to_ask(catalog: Catalog, language: str) -> list[str]:
    """Models that know a language, the nearest first: what is on this machine, what one command brings, the hub's."""
    knowing = [(NEAREST.index(state_of(spec)), spec) for spec in catalog.specs if knows(spec, language) in KNOWN]
    knowing.sort(key=lambda found: (found[0], -(found[1].parameters or 0) if found[0] == 0 else 0))
    return [
        f"{spec.name} (`workbench fetch {spec.name}`)" if NEAREST[place] == "fetchable" else spec.name
        for place, spec in knowing[:NAMED]
    ]


def _remedy(catalog: Catalog, language: str) -> str:
    names = whom_to_ask(catalog, language)
    if not names:
        return say(
            "no model on offer is known to know it, so write a few dozen clips down by ear and adapt a model to them"
        )
    if len(names) == 1:
        return say("choose {model}, which knows it", model=names[0])
    return say("choose {models} or {model}, which know it", models=listing(names[:-1]), model=names[-1])
