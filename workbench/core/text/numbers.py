"""Numbers as they are spoken: a CTC head without digits can only learn "twelve", never "12".

num2words does the spelling, by language. This module decides what counts as one number: thousands separators and the
decimal mark differ by language, a code such as B12 is a letter and a number, and 007 or a telephone number is read
digit by digit. Years and hundreds from 1100 to 1999 are read in pairs in English ("nineteen ninety five").
"""

import re
from decimal import Decimal
from functools import cache

_GAPS = "\u00a0\u2009\u202f"  # no-break, thin and narrow no-break space: thousands separators in print
_MINUS = "\N{MINUS SIGN}-"
_POINT_LANGUAGES = {"am", "bn", "cy", "en", "he", "ja", "kn", "ko", "te", "tet", "th"}  # decimal point; the rest: comma
_ISO_639_3 = {
    "ara": "ar", "ces": "cs", "cym": "cy", "dan": "da", "deu": "de", "ell": "el", "eng": "en", "fas": "fa",
    "fin": "fi", "fra": "fr", "heb": "he", "hun": "hu", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja",
    "kor": "ko", "lav": "lv", "lit": "lt", "nld": "nl", "nob": "no", "pol": "pl", "por": "pt", "ron": "ro",
    "rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv", "tha": "th", "tur": "tr",
    "ukr": "uk", "vie": "vi",
}  # fmt: skip
_NAMES = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "nb": "no", "kk": "kz"}

# Suffix that makes a numeral an ordinal; the lookahead in _pattern keeps it off longer words.
_ORDINAL_SUFFIX = {
    "en": "st|nd|rd|th",
    "es": "\\.?[ºª]",
    "fr": "ers?|res?|nde?|èmes?|emes?|es?",
    "it": "[ºª]",
    "nl": "ste|de|e",
    "pt": "\\.?[ºª]",
}

# Sign or unit after a number -> (words after one, words after any other number).
_UNITS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "%": ("percent", "percent"),
        "$": ("dollar", "dollars"),
        "€": ("euro", "euros"),
        "£": ("pound", "pounds"),
        "°": ("degree", "degrees"),
        "°C": ("degree celsius", "degrees celsius"),
        "°F": ("degree fahrenheit", "degrees fahrenheit"),
        "mg": ("milligram", "milligrams"),
        "mcg": ("microgram", "micrograms"),
        "\u00b5g": ("microgram", "micrograms"),  # micro sign
        "\u03bcg": ("microgram", "micrograms"),  # Greek mu
        "kg": ("kilogram", "kilograms"),
        "ml": ("milliliter", "milliliters"),
        "mL": ("milliliter", "milliliters"),
        "mm": ("millimeter", "millimeters"),
        "cm": ("centimeter", "centimeters"),
        "km": ("kilometer", "kilometers"),
    },
    "de": {"%": ("Prozent",) * 2, "€": ("Euro",) * 2, "$": ("Dollar",) * 2, "°": ("Grad",) * 2},
    "fr": {"%": ("pour cent",) * 2, "€": ("euro", "euros"), "$": ("dollar", "dollars"), "°": ("degré", "degrés")},
    "es": {"%": ("por ciento",) * 2, "€": ("euro", "euros"), "$": ("dólar", "dólares"), "°": ("grado", "grados")},
    "it": {"%": ("per cento",) * 2, "€": ("euro",) * 2, "$": ("dollaro", "dollari"), "°": ("grado", "gradi")},
    "pt": {"%": ("por cento",) * 2, "€": ("euro", "euros"), "$": ("dólar", "dólares"), "°": ("grau", "graus")},
    "nl": {"%": ("procent",) * 2, "€": ("euro",) * 2, "$": ("dollar",) * 2, "°": ("graden",) * 2},
}
# Where num2words loses the fraction or misreads it, and where it has no negative numbers.
_POINT_WORD = {"ar": "فاصلة", "cy": "pwynt", "en": "point", "it": "virgola", "tr": "virgül", "vi": "phẩy"}
_MINUS_WORD = {"cs": "minus", "pl": "minus", "sk": "mínus", "vi": "âm"}
_CENTS = {"$": "cents", "€": "cents", "£": "pence"}
_UNSPELLABLE = (NotImplementedError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def language_code(language: str | None) -> str:
    """A language tag or name as its short code: "en-GB", "eng" and "English" become "en"; None counts as English."""
    primary = re.split(r"[-_]", (language or "en").strip().lower() or "en")[0]
    return _ISO_639_3.get(primary) or _NAMES.get(primary) or primary


@cache
def can_spell(language: str | None) -> bool:
    """Whether num2words knows the language (it would cut an unknown code to two letters, Estonian "est" to Spanish)."""
    from num2words import CONVERTER_CLASSES

    return language_code(language) in CONVERTER_CLASSES


def spell_numbers(text: str, language: str | None) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Replace each number of a text by its words.

    Args:
        text: Any text.
        language: Tag such as "en" or "de-AT"; None counts as English.

    Returns:
        The text, with spaces around what was spelled (so that "B12" becomes "B twelve"), and the pairs (as written, as
        spelled) in order. A number that the language or num2words cannot spell stays as it was.
    """
    if not can_spell(language):
        return text, ()
    code, spelled = language_code(language), []

    def replace(match: re.Match[str]) -> str:
        words = _spell_match(match, code)
        if words is None:
            return match.group()
        spelled.append((match.group().strip(), words))
        return f" {words} "

    return _pattern(code).sub(replace, text), tuple(spelled)


@cache
def _pattern(code: str) -> re.Pattern[str]:
    units = sorted(_UNITS.get(code, {}), key=len, reverse=True)
    unit = "|".join(re.escape(u) for u in units) or r"(?!)"
    ordinal = _ORDINAL_SUFFIX.get(code, r"(?!)")
    plural = "'?s" if code == "en" else r"(?!)"  # the 1960s
    return re.compile(
        rf"(?P<sign>(?<!\S)[{_MINUS}])?(?P<currency>[$€£]\s?)?(?P<number>\d+(?:[.,{_GAPS}]\d+)*)"
        rf"(?:(?P<ordinal>(?i:{ordinal}))(?!\w)|(?P<plural>{plural})(?!\w)|\s?(?P<unit>{unit})(?!\w))?"
    )


def _spell_match(match: re.Match[str], code: str) -> str | None:
    number, currency = match["number"], (match["currency"] or "").strip()
    unit = match["unit"] or currency
    price = re.fullmatch(r"([\d,]+)\.(\d\d)", number) if code == "en" and unit in _CENTS else None
    try:
        if match["ordinal"]:
            words = _ordinal(number, match["ordinal"], code)
        elif price:
            return _price(price[1].replace(",", ""), price[2], unit)
        else:
            words = _cardinals(number, code, in_pairs=code == "en" and not unit)
        if match["sign"]:
            words = _negative(words, code)
    except _UNSPELLABLE:
        return None
    if match["plural"]:
        words = words[:-1] + "ies" if words.endswith("y") else words + "s"
    return _tidy(_with_unit(words, number, unit, code))


def _price(whole: str, cents: str, unit: str) -> str:
    """Say $5.50 as "five dollars and fifty cents"."""
    names = _UNITS["en"][unit]
    words = f"{_words(int(whole), 'en')} {names[0] if whole == '1' else names[1]}"
    return _tidy(f"{words} and {_words(int(cents), 'en')} {_CENTS[unit]}" if int(cents) else words)


def _with_unit(words: str, number: str, unit: str, code: str) -> str:
    names = _UNITS.get(code, {}).get(unit)
    if names is None:
        return f"{words} {unit}"
    return f"{words} {names[0] if number == '1' else names[1]}"


def _cardinals(number: str, code: str, *, in_pairs: bool) -> str:
    """Spell a digit string with separators; one that is no single number (a date, a version) part by part."""
    point, comma = (".", ",") if code in _POINT_LANGUAGES else (",", ".")
    grouped = re.fullmatch(rf"(\d{{1,3}}(?:[{comma}{_GAPS}]\d{{3}})+)(?:[{point}](\d+))?", number)
    if grouped:
        return _number(re.sub(r"\D", "", grouped[1]), grouped[2], code)
    decimal = re.fullmatch(r"(\d+)[.](\d+)" if point == "." else r"(\d+)[.,](\d+)", number)
    if decimal:
        return _number(decimal[1], decimal[2], code)
    return " ".join(_integer(part, code, in_pairs=in_pairs) for part in re.findall(r"\d+", number))


def _number(whole: str, fraction: str | None, code: str) -> str:
    if fraction is None:
        return _words(int(whole), code)
    if code in _POINT_WORD:
        return " ".join(
            [_words(int(whole), code), _POINT_WORD[code], *(_words(int(digit), code) for digit in fraction)]
        )
    words = _words(Decimal(f"{whole}.{fraction}"), code)
    if words == _words(int(whole), code):
        raise ValueError(f"num2words lost the fraction of {whole}.{fraction}")
    return words


def _negative(words: str, code: str) -> str:
    one, minus_one = _words(1, code), _MINUS_WORD.get(code) or _words(-1, code)
    minus = minus_one.removesuffix(one).strip()
    if not minus:
        raise ValueError(f"num2words has no negative numbers in {code}")
    return f"{minus} {words}"


def _integer(digits: str, code: str, *, in_pairs: bool) -> str:
    """Spell bare digits: 007, and seven digits or more unless round, one by one (telephone and record numbers)."""
    value = int(digits)
    if (int(digits[0]) == 0 and len(digits) > 1) or (len(digits) >= 7 and value % 1000):
        return " ".join(_words(int(digit), code) for digit in digits)
    return _words(value, code, to="year" if in_pairs and len(digits) == 4 and 1100 <= value < 2000 else "cardinal")


def _ordinal(number: str, suffix: str, code: str) -> str:
    words = _words(int(re.sub(r"\D", "", number)), code, to="ordinal")
    return words[:-1] + "a" if suffix.endswith("ª") and words.endswith("o") else words


def _words(value: int | Decimal, code: str, to: str = "cardinal") -> str:
    from num2words import num2words

    words = str(num2words(value, lang=code, to=to)).strip()
    if not words or re.search(r"[\d()]", words):
        raise ValueError(f"num2words cannot spell {value} in {code}")
    return words


def _tidy(words: str) -> str:
    """Hyphens and commas of num2words are print, not speech."""
    return " ".join(words.replace("-", " ").replace(",", " ").split())
