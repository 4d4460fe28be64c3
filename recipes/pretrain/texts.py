"""Draws what the synthetic voices say: book clauses, consultations, and the short things people tell a machine.

A book corpus alone leaves a model helpless with "eight" or "w four q", so about a fifth of the lines are made here;
without one, all are.
Each line has a label, what the model must write (`a`-`z`, apostrophe, single spaces), and the text that is spoken,
which differs where a synthesiser needs help (a lone letter is spoken from a capital, a pause from a comma).
"""

import random
import re
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from num2words import num2words

SENTENCES = Path(__file__).parent.parent / "sentences"
TEST_LINES = 2_000  # the book file's last lines, kept for the final error table
DEV_LINES = 1_000  # the lines before those, for the curve during training
RESERVED_SHARES = {"dev": 0, "test": 1}  # of the recipe's own lines, the twentieth held out where there is no book file
COMMON_WORDS = 3_000  # single words are drawn from the most frequent ones of the books
MOST_LETTERS = 110  # about 7 s of speech, the longest clip that training takes

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS: dict[str, list[str]] = tomllib.loads((SENTENCES / "short.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Line:
    """One thing to say."""

    label: str  # what the model must write
    spoken: str  # what the synthesiser is given


@dataclass(frozen=True)
class Corpus:
    """Where the running text comes from, and how often each source is drawn."""

    books: Path | None = None  # one lower-case clause per line
    consultations: Path | None = None  # one sentence per line, any writing
    shares: dict[str, float] = field(default_factory=lambda: {"books": 0.70, "consultations": 0.10, "short": 0.20})


def normalise(text: str) -> str | None:
    """The label of a written sentence, or None where it holds what cannot be spelled out (digits, other letters)."""
    text = text.lower().replace("\u2019", "'").replace("-", " ")
    text = re.sub(r"[.,;:!?\"()<>\[\]…]", " ", text)
    text = " ".join(re.sub(r"\s'|'\s|^'|'$", " ", text).split())
    return text if re.fullmatch(r"[a-z' ]+", text) else None


def number(n: int) -> str:
    """The number in words without hyphens or commas: 142 -> one hundred and forty two."""
    return num2words(n).replace("-", " ").replace(",", "")


def spoken_digits(rng: random.Random) -> str:
    """A run of one to eight digits, with the odd "oh" and "double"."""
    words = [rng.choice(WORDS["digits"]) for _ in range(rng.choice((1, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8)))]
    if len(words) > 2 and rng.random() < 0.2:
        words = ["oh" if word == "zero" else word for word in words]
    if len(words) > 2 and rng.random() < 0.15:
        words.insert(0, "double")
    return " ".join(words)


def spoken_number(rng: random.Random) -> str:
    """A whole, decimal, ordinal or measured number."""
    n = int(10 ** rng.uniform(0.3, rng.choice((2, 3, 4, 6))))
    match rng.randrange(5):
        case 0:
            return num2words(n % 130, to="ordinal").replace("-", " ").replace(",", "")
        case 1:
            digits = " ".join(rng.choices(WORDS["digits"], k=rng.randint(1, 2)))
            return f"{number(n % 100)} point {digits}"
        case 2 | 3:
            return f"{number(n)} {rng.choice(WORDS['units'])}"
        case _:
            return number(n)


def spelled(rng: random.Random) -> str:
    """One to six letters, digits or call signs, as codes and names are spelled."""
    length = rng.choice((1, 1, 1, 2, 3, 3, 4, 5, 6))
    if rng.random() < 0.15:
        return " ".join(rng.choices(WORDS["call_signs"], k=min(length, 4)))
    digits = rng.choice((0.0, 0.0, 0.3, 0.5))
    return " ".join(
        rng.choice(WORDS["digits"]) if rng.random() < digits else rng.choice(LETTERS) for _ in range(length)
    )


def date_or_time(rng: random.Random) -> str:
    """A day, date, year or time of day."""
    day = num2words(rng.randint(1, 31), to="ordinal").replace("-", " ")
    month = rng.choice(WORDS["months"])
    year = num2words(rng.randint(1900, 2035), to="year").replace("-", " ").replace(",", "")
    hour, minute = rng.randint(1, 12), rng.choice((5, 10, 15, 20, 25, 30, 40, 45, 50, 55))
    return rng.choice(
        (
            f"{rng.choice(WORDS['days'])}",
            f"{rng.choice(WORDS['days'])} the {day} of {month}",
            f"{month} the {day} {year}",
            f"the {day} of {month} {year}",
            f"{day} {month}",
            f"{number(hour)} {number(minute)} {rng.choice(('', 'in the morning', 'in the afternoon', 'p m', 'a m'))}",
            f"at {number(hour)} o'clock {rng.choice(('', 'today', 'tomorrow', 'on ' + rng.choice(WORDS['days'])))}",
            f"half past {number(hour)}",
            f"in {number(rng.randint(2, 60))} {rng.choice(('minutes', 'hours', 'days', 'weeks'))}",
        )
    ).strip()


def command(rng: random.Random) -> str:
    """An everyday order to a device, or a one-word answer."""
    if rng.random() < 0.4:
        return rng.choice(WORDS["short_answers"])
    polite = rng.choice(("", "", "", "please", "can you", "could you please", "i want to"))
    return " ".join(
        f"{polite} {rng.choice(WORDS['verbs'])} {rng.choice(WORDS['things'])} {rng.choice(WORDS['tails'])}".split()
    )


SHORT = {
    "digits": spoken_digits,
    "numbers": spoken_number,
    "letters": spelled,
    "dates": date_or_time,
    "orders": command,
}


def aloud(label: str, rng: random.Random) -> str:
    """The text a synthesiser is given: single letters as capitals, now and then pauses between the words."""
    words = label.split()
    letters = sum(len(word) == 1 for word in words)
    if letters * 2 >= len(words):
        pauses = "a" in words or rng.random() < 0.7  # without a comma both synthesisers read "a" as the article
        return (", " if pauses else " ").join(word.upper() if len(word) == 1 else word for word in words)
    if len(words) > 2 and rng.random() < 0.15:
        pauses = set(rng.sample(range(len(words) - 1), k=max(1, len(words) // 4)))
        return " ".join(f"{word}," if i in pauses else word for i, word in enumerate(words))
    return label


def read_lines(path: Path) -> list[str]:
    """The file's lines that can be labels, normalised, in order."""
    lines = (normalise(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and len(line) <= MOST_LETTERS]


def held_out(books: Path | None, part: str) -> Iterator[str]:
    """The labels never trained on: `part` is "dev" or "test"; book clauses, or without books the recipe's own lines."""
    if books is None:
        rng = random.Random(f"held out {part}")
        yield from (label for label in iter(lambda: short_label(rng, []), None) if reserved_part(label) == part)
    lines = books.read_text(encoding="utf-8").splitlines() if books else []
    chosen = {"dev": lines[-TEST_LINES - DEV_LINES : -TEST_LINES], "test": lines[-TEST_LINES:]}[part]
    yield from (line for line in map(normalise, chosen) if line and len(line) <= MOST_LETTERS)


def reserved_part(label: str) -> str | None:
    """The part that a line of the recipe's own is held out for, by its hash, or None."""
    at = zlib.crc32(label.encode()) % 20
    return next((part for part, twentieth in RESERVED_SHARES.items() if at == twentieth), None)


def short_label(rng: random.Random, common: list[str]) -> str:
    """One of the short things; single words too where `common` has any."""
    kind = rng.choice([*SHORT, "words"] if common else [*SHORT])
    return " ".join(rng.choices(common, k=rng.choice((1, 1, 2)))) if kind == "words" else SHORT[kind](rng)


def draw_lines(corpus: Corpus, *, seed: int) -> Iterator[Line]:
    """Yield training lines without end, the same ones for the same corpus and seed.

    Clauses that also stand among the held-out lines are left out, wherever in the file they are.
    """
    rng = random.Random(seed)
    if corpus.books is None:
        while True:
            label = short_label(rng, [])
            if reserved_part(label) is None:
                yield Line(label, aloud(label, rng))
    books = read_lines(corpus.books)
    common = [word for word, _ in Counter(" ".join(books).split()).most_common(COMMON_WORDS) if len(word) > 1]
    reserved = {*held_out(corpus.books, "dev"), *held_out(corpus.books, "test")}
    books = [line for line in dict.fromkeys(books) if line not in reserved]
    if not books:
        raise ValueError(
            f"{corpus.books} has no line left for training: the last {TEST_LINES + DEV_LINES:,} are held out, and a "
            f"line has {MOST_LETTERS} letters at most, no digits, no letters beyond a-z. Give a longer file."
        )
    consultations = read_lines(corpus.consultations) if corpus.consultations else books
    consultations = [line for line in consultations if line not in reserved] or books
    rng.shuffle(books)
    at = 0
    while True:
        source = rng.choices(list(corpus.shares), list(corpus.shares.values()))[0]
        if source == "short":
            label = short_label(rng, common)
            if label in reserved:
                continue
        elif source == "consultations":
            label = rng.choice(consultations)
        else:
            label, at = books[at % len(books)], at + 1
        yield Line(label, aloud(label, rng))
