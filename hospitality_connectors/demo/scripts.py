"""Romanisation of names, the official way and the ways in which people and clerks write them."""

from functools import lru_cache


def _table(text):
    return dict(pair.split("=") for pair in text.split())


# Ukraine: Cabinet of Ministers resolution 55 of 2010. A word's first letter has its own rule for some.
_UK = _table(
    "а=a б=b в=v г=h ґ=g д=d е=e є=ie ж=zh з=z и=y і=i ї=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f"
    " х=kh ц=ts ч=ch ш=sh щ=shch ь= ю=iu я=ia '= ’="
)
_UK_FIRST = _table("є=ye ї=yi й=y ю=yu я=ya")
# Russia: ICAO Doc 9303 for passports; the older way of writing names in the second table.
_RU = _table(
    "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch"
    " ш=sh щ=shch ъ=ie ы=y ь= э=e ю=iu я=ia"
)
_RU_OLD = {**_RU, **_table("ё=yo й=y ъ= ю=yu я=ya х=h ц=c")}
_UK_OLD = {**_UK, **_table("є=e и=i ї=yi й=y ю=yu я=ya г=g х=h")}
# Armenia: BGN/PCGN without diacritics; the second table is how the western diaspora writes.
_HY = _table(
    "ա=a բ=b գ=g դ=d ե=e զ=z է=e ը=y թ=t ժ=zh ի=i լ=l խ=kh ծ=ts կ=k հ=h ձ=dz ղ=gh ճ=ch մ=m յ=y ն=n շ=sh ո=o"
    " չ=ch պ=p ջ=j ռ=r ս=s վ=v տ=t ր=r ց=ts ւ=v փ=p ք=k օ=o ֆ=f և=ev"
)
_HY_FIRST = _table("ե=ye ո=vo")
_HY_WEST = {**_HY, **_table("բ=p գ=k դ=t կ=g պ=b տ=d ճ=j ջ=ch ծ=dz")}
# Greece: ELOT 743 with digraphs; the second table is older usage.
_EL = _table(
    "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
    " ά=a έ=e ή=i ί=i ό=o ύ=y ώ=o ϊ=i ΐ=i ϋ=y"
)
_EL_OLD = {**_EL, **_table("β=b η=e φ=ph χ=h υ=u")}

_OFFICIAL = {"uk": _UK, "ru": _RU, "hy": _HY, "el": _EL}
_LOOSE = {"uk": _UK_OLD, "ru": _RU_OLD, "hy": _HY_WEST, "el": _EL_OLD}
_FIRST = {"uk": _UK_FIRST, "hy": _HY_FIRST}
_DIGRAPHS = {
    "uk": (("зг", "zgh"),),
    "hy": (("ու", "u"), ("իա", "ia")),
    "el": (("ου", "ou"), ("ού", "ou"), ("ευ", "ev"), ("αυ", "av"), ("γγ", "ng"), ("μπ", "mp")),
}


@lru_cache(maxsize=20_000)
def romanise(name, language, loose=False):
    """Return a name in Latin letters.

    :param str name: a name in the script of ``language``
    :param str language: ``uk ru hy el``; a name in another one is returned as it is
    :param bool loose: not as in the passport but as people write it
    """
    table = _OFFICIAL.get(language)
    if table is None:
        return name
    table = _LOOSE[language] if loose else table
    return " ".join(
        "-".join(_word(part, table, language, loose) for part in word.split("-")) for word in name.split(" ")
    )


def _word(word, table, language, loose):
    lower = word.lower()
    for digraph, latin in _DIGRAPHS.get(language, ()):
        if not (loose and language == "uk"):
            lower = lower.replace(digraph, latin)
    first = {} if loose else _FIRST.get(language, {})
    latin = "".join(
        (first if index == 0 else table).get(letter, table.get(letter, letter)) for index, letter in enumerate(lower)
    )
    if loose and latin.endswith(("iy", "yy")):
        latin = latin[:-2] + "y"
    return latin[:1].upper() + latin[1:]


# Chinese: how names are written in Hong Kong and Taiwan, beside pinyin.
WADE = dict(
    pair.split("=")
    for pair in (
        "Zhang=Chang Zhou=Chou Xu=Hsu Xie=Hsieh Zhu=Chu Zheng=Cheng Cai=Tsai Cao=Tsao Jiang=Chiang Xiao=Hsiao"
        " Song=Sung Dong=Tung Deng=Teng Qiang=Chiang Jie=Chieh Jun=Chun Zhiqiang=Chih-Chiang"
        " Jianhua=Chien-Hua Junjie=Chun-Chieh Xiaoyan=Hsiao-Yen"
    ).split()
)

_ACCENTS = {
    "a": "àáâãåāăą",
    "c": "çćč",
    "d": "ďð",
    "e": "èéêëěęė",
    "g": "ğ",
    "i": "ìíîïı",
    "l": "łľ",
    "n": "ñńň",
    "o": "òóôõőø",
    "r": "ŕř",
    "s": "șşśš",
    "t": "țţť",
    "u": "ùúûūůű",
    "y": "ýÿ",
    "z": "źżž",
}
_PLAIN = str.maketrans(
    {
        accented: letter
        for base, letters in _ACCENTS.items()
        for lower in letters
        for accented, letter in ((lower, base), (lower.upper(), base.upper()))
        if len(accented) == 1 and accented != "I"
    }
    | {"İ": "I", "’": "'"}
)
_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae"}
_GERMAN.update({"Þ": "Th", "þ": "th", "œ": "oe", "Œ": "Oe"})


@lru_cache(maxsize=50_000)
def plain(name, digraphs=False):
    """Return a Latin name without accents.

    :param bool digraphs: write ä, ö, ü as ae, oe, ue rather than a, o, u
    """
    for letter, pair in _GERMAN.items():
        if letter in name:
            name = name.replace(letter, pair if digraphs or letter not in "äöüÄÖÜ" else pair[0])
    return name.translate(_PLAIN)


def script_of(text):
    """Return the script of the first letter: ``latin cyrillic armenian greek han hangul arabic hebrew``."""
    for letter in text:
        if not letter.isalpha():
            continue
        code = ord(letter)
        for low, high, name in _RANGES:
            if low <= code <= high:
                return name
        return "latin"
    return "latin"


_RANGES = (
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0530, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x06FF, "arabic"),
    (0x3040, 0x30FF, "han"),
    (0x3400, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"),
)
