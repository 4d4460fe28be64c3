"""Carrier sentences: each term of a word list in sentences to read aloud, so that it is learned as it is spoken.

A term read alone has neither the breath nor the neighbours that it has in speech, so it stands at the beginning, in the
middle and at the end. The sentences fit a word of any kind, in its basic form: they need no article, case or gender.
Which sentences a term gets depends on the term alone, so that a list that grows keeps the sentences it had.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Final

from workbench.core.text.clean import clean_label
from workbench.core.text.normalize import normalize_marks
from workbench.core.text.numbers import language_code

SLOT: Final = "{}"
MOST_PER_TERM: Final = 8

CARRIERS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "Please write {} in the report.",
        "The next word is {}, as agreed.",
        "We talked about {} this morning.",
        "She asked me to look up {} again.",
        "{} is what I meant.",
        "I said {} and nothing else.",
        "Could you spell {} for me?",
        "{} was mentioned twice today.",
        "Make a note of {} before we go on.",
        "They will want to hear about {}.",
        "First {}, then the rest of the list.",
        "What do you know about {}?",
        "The second line should say {}.",
        "{} comes first on my list.",
        "Let me repeat that: {}.",
        "He wrote {} on the board.",
    ),
    "de": (
        "Bitte schreiben Sie {} in den Bericht.",
        "Das nächste Wort ist {}, wie besprochen.",
        "Wir haben heute Morgen über {} gesprochen.",
        "{} habe ich gemeint.",
        "Ich habe {} gesagt und sonst nichts.",
        "Können Sie {} bitte buchstabieren?",
        "{} wurde heute zweimal erwähnt.",
        "Notieren Sie {}, bevor wir weitermachen.",
        "Zuerst {}, dann der Rest der Liste.",
        "In der zweiten Zeile steht {}.",
        "Ich wiederhole es noch einmal: {}.",
        "Er hat {} an die Tafel geschrieben.",
    ),
    "fr": (
        "Écrivez {} dans le rapport, s'il vous plaît.",
        "Le mot suivant est {}, comme convenu.",
        "{} est ce que je voulais dire.",
        "J'ai dit {} et rien d'autre.",
        "Pouvez-vous épeler {} pour moi ?",
        "Notez {} avant de continuer.",
        "D'abord {}, puis le reste de la liste.",
        "La deuxième ligne doit dire {}.",
        "Je répète encore une fois : {}.",
        "Il a écrit {} au tableau.",
    ),
    "es": (
        "Por favor, escriba {} en el informe.",
        "La palabra siguiente es {}, como acordamos.",
        "{} es lo que quería decir.",
        "He dicho {} y nada más.",
        "¿Puede deletrear {} otra vez?",
        "Anote {} antes de seguir.",
        "Primero {}, después el resto de la lista.",
        "La segunda línea debe decir {}.",
        "Lo repito una vez más: {}.",
        "Escribió {} en la pizarra.",
    ),
    "it": (
        "Per favore, scriva {} nel rapporto.",
        "La parola seguente è {}, come d'accordo.",
        "{} è quello che volevo dire.",
        "Ho detto {} e nient'altro.",
        "Può ripetere {} lettera per lettera?",
        "Annoti {} prima di continuare.",
        "Prima {}, poi il resto della lista.",
        "La seconda riga deve dire {}.",
        "Lo ripeto ancora una volta: {}.",
        "Ha scritto {} alla lavagna.",
    ),
    "pt": (
        "Por favor, escreva {} no relatório.",
        "A palavra seguinte é {}, como combinado.",
        "{} é o que eu queria dizer.",
        "Eu disse {} e mais nada.",
        "Pode soletrar {} outra vez?",
        "Anote {} antes de continuar.",
        "Primeiro {}, depois o resto da lista.",
        "A segunda linha deve dizer {}.",
        "Repito mais uma vez: {}.",
        "Ele escreveu {} no quadro.",
    ),
    "nl": (
        "Schrijf {} in het verslag, alstublieft.",
        "Het volgende woord is {}, zoals afgesproken.",
        "{} is wat ik bedoelde.",
        "Ik zei {} en verder niets.",
        "Kunt u {} voor mij spellen?",
        "Noteer {} voordat we verdergaan.",
        "Eerst {}, dan de rest van de lijst.",
        "Op de tweede regel staat {}.",
        "Ik herhaal het nog een keer: {}.",
        "Hij schreef {} op het bord.",
    ),
}


def carriers(language: str | None) -> tuple[str, ...]:
    """The carrier sentences of a language, None counting as English; none where it has none here."""
    return CARRIERS.get(language_code(language), ())


def carried(terms: Iterable[str], language: str | None, *, per_term: int = 2, seed: int = 0) -> list[str]:
    """Sentences to read aloud: each term in several of its language's carriers, or alone where there are none.

    All terms come once before any comes again, in an order drawn anew for each round, so that whoever stops early has
    read every term about as often.

    Args:
        terms: Words or phrases; those equal but for case and punctuation count once.
        language: Tag of the set; None counts as English.
        per_term: Sentences a term gets, 1 to 8; no more than the language has.
        seed: Draws other sentences and another order.
    """
    frames = carriers(language) or (SLOT,)
    rounds = max(1, min(per_term, MOST_PER_TERM, len(frames)))
    drawn = {term: _draw(frames, rounds, term, seed) for term in _distinct(terms)}
    sentences = []
    for number in range(rounds):
        order = sorted(drawn, key=lambda term: random.Random(f"{seed} {number} {normalize_marks(term)}").random())
        sentences += [_filled(drawn[term][number], term) for term in order]
    return list(dict.fromkeys(sentences))


def _draw(frames: Sequence[str], n: int, term: str, seed: int) -> list[str]:
    return random.Random(f"{seed} {normalize_marks(term)}").sample(frames, n)


def _filled(frame: str, term: str) -> str:
    """The term in its sentence: with a capital at the beginning unless it has its own, and one full stop at the end."""
    before, after = frame.split(SLOT)
    if not before and after and term.islower():
        term = term[:1].upper() + term[1:]
    return f"{before}{term[:-1] if after[:1] == term[-1:] == '.' else term}{after}"


def _distinct(terms: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for term in map(clean_label, terms):
        if key := normalize_marks(term):
            found.setdefault(key, term)
    return list(found.values())
