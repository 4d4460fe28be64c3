"""Short and long language codes: ISO 639-1 "de" and ISO 639-3 "deu"."""

import re
from collections.abc import Collection, Iterable

from workbench.core.text.numbers import language_code

_PAIRS = """
aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba bak be bel bg bul bi bis bm bam
bn ben bo bod br bre bs bos ca cat ce che ch cha co cos cr cre cs ces cu chu cv chv cy cym da dan de deu dv div dz dzo
ee ewe el ell en eng eo epo es spa et est eu eus fa fas ff ful fi fin fj fij fo fao fr fra fy fry ga gle gd gla gl glg
gn grn gu guj gv glv ha hau he heb hi hin ho hmo hr hrv ht hat hu hun hy hye hz her ia ina id ind ie ile ig ibo ii iii
ik ipk io ido is isl it ita iu iku ja jpn jv jav ka kat kg kon ki kik kj kua kk kaz kl kal km khm kn kan ko kor kr kau
ks kas ku kur kv kom kw cor ky kir la lat lb ltz lg lug li lim ln lin lo lao lt lit lu lub lv lav mg mlg mh mah mi mri
mk mkd ml mal mn mon mr mar ms msa mt mlt my mya na nau nb nob nd nde ne nep ng ndo nl nld nn nno no nor nr nbl nv nav
ny nya oc oci oj oji om orm or ori os oss pa pan pi pli pl pol ps pus pt por qu que rm roh rn run ro ron ru rus rw kin
sa san sc srd sd snd se sme sg sag sh hbs si sin sk slk sl slv sm smo sn sna so som sq sqi sr srp ss ssw st sot su sun
sv swe sw swa ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn tsn to ton tr tur ts tso tt tat tw twi ty tah ug uig
uk ukr ur urd uz uzb ve ven vi vie vo vol wa wln wo wol xh xho yi yid yo yor za zha zh zho zu zul
"""
_THREE: dict[str, str] = dict(re.findall(r"\b(\w\w)\s+(\w{3})\b", _PAIRS))

# OpenAI's multilingual models (whisper/tokenizer.py); yue since large-v3.
_WHISPER = """
en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk
te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo
ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue
"""
WHISPER_LANGUAGES = frozenset(_WHISPER.split())

# Codes of several closely related languages -> the one that is usually meant.
_USUAL = {
    "aze": "azj", "est": "ekk", "fas": "pes", "kur": "kmr", "lav": "lvs", "mon": "khk", "msa": "zlm", "nor": "nob",
    "ori": "ory", "sqi": "als", "swa": "swh", "yid": "ydd", "zho": "cmn",
}  # fmt: skip


def long_codes(language: str) -> tuple[str, ...]:
    """ISO 639-3 codes that a code may mean, the likeliest first: "de" -> ("deu",), "zh" -> ("zho", "cmn")."""
    code = _THREE.get(language.lower(), language.lower())
    return (code, _USUAL[code]) if code in _USUAL else (code,)


def short_code(code: str) -> str | None:
    """The ISO 639-1 code of an ISO 639-3 one; None where there is none."""
    wide = {narrow: broad for broad, narrow in _USUAL.items()}.get(code, code)
    return {three: two for two, three in _THREE.items()}.get(wide)


def spoken_code(language: str | None, codes: Collection[str]) -> str | None:
    """The one of a model's codes that a tag or name means: "en-GB", "eng" and "English" are "en"; None for none."""
    if not language:
        return None
    plain = language.strip().lower()
    named = (plain, plain.split("-")[0], language_code(plain), short_code(plain))
    return next((code for code in named if code in codes), None)


def find_code(language: str, codes: Iterable[str]) -> str | None:
    """The one of MMS's codes that a language code means, the first script where there are several; None for none."""
    known = sorted(codes)
    for wanted in (language, *long_codes(language)):
        for code in known:
            if code == wanted or code.startswith(f"{wanted}-script"):
                return code
    return None
