"""Chinese names in Latin letters: pinyin, Wade-Giles, joined, spaced or hyphenated, as one form.

Tables: Hanyu Pinyin syllables and their Wade-Giles spelling (Library of Congress comparison of the two systems),
written without apostrophes and umlauts as they arrive in hotel systems. Surnames: the most frequent ones of the
Chinese Ministry of Public Security's yearly name reports.
"""

from functools import lru_cache

_FINALS = {
    "": "a o e ai ei ao ou an en ang eng er yi ya yo ye yai yao you yan yin yang ying yong yu yue yuan yun"
    " wu wa wo wai wei wan wen wang weng",
    "b": "a o ai ei ao an en ang eng i ie iao ian in ing u",
    "p": "a o ai ei ao ou an en ang eng i ie iao ian in ing u",
    "m": "a o e ai ei ao ou an en ang eng i ie iao iu ian in ing u",
    "f": "a o ei ou an en ang eng u",
    "d": "a e ai ei ao ou an en ang eng ong i ie iao iu ian ing u uo ui uan un",
    "t": "a e ai ao ou an ang eng ong i ie iao ian ing u uo ui uan un",
    "n": "a e ai ei ao ou an en ang eng ong i ie iao iu ian in iang ing u uo uan ue",
    "l": "a e ai ei ao ou an ang eng ong i ia ie iao iu ian in iang ing u uo uan un ue",
    "g": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "k": "a e ai ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "h": "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang",
    "j": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "q": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "x": "i ia ie iao iu ian in iang ing iong u ue uan un",
    "zh": "a e ai ei ao ou an en ang eng ong i u ua uo uai ui uan un uang",
    "ch": "a e ai ao ou an en ang eng ong i u ua uo uai ui uan un uang",
    "sh": "a e ai ei ao ou an en ang eng i u ua uo uai ui uan un uang",
    "r": "e ao ou an en ang eng ong i u uo ui uan un",
    "z": "a e ai ei ao ou an en ang eng ong i u uo ui uan un",
    "c": "a e ai ao ou an en ang eng ong i u uo ui uan un",
    "s": "a e ai ao ou an en ang eng ong i u uo ui uan un",
}
_INITIALS = {
    "b": "p", "d": "t", "g": "k", "j": "ch", "q": "ch", "x": "hs", "zh": "ch", "r": "j", "z": "ts", "c": "ts",
}  # fmt: skip
_WHOLE = {
    "zi": "tzu", "ci": "tzu", "si": "ssu", "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "yi": "i",
    "er": "erh", "yan": "yen", "ye": "yeh", "yue": "yueh", "you": "yu", "yong": "yung", "e": "o", "ge": "ko",
    "ke": "ko", "he": "ho", "gui": "kuei", "kui": "kuei",
}  # fmt: skip
_WADE_FINALS = {"ian": "ien", "ie": "ieh", "ue": "ueh", "ong": "ung", "iong": "iung", "uo": "o"}
# Where Wade-Giles keeps the vowel that the table above would change.
_KEEPS_UO = frozenset("g k h sh".split())

SURNAMES = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許邓鄧冯馮韩韓曹曾彭萧蕭蔡潘田"
    "董袁于余叶葉蒋蔣杜苏蘇魏程吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付傅方邹鄒熊白孟秦邱侯江尹薛"
    "闫段雷龙龍黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文樊殷颜顏倪庄莊温溫芦季俞章鲁"
    "魯葛伍申尤毕畢聂聶柴焦柳邢梅莘岳齐齊阎閻栾欒苗蔺藺詹仲卫衛帅帥桑展植阳陽冉宫宮鞠舒屈项項祝阮蓝藍闵閔滕饶饒"
)


def _wade(initial, final):
    syllable = initial + final
    if syllable in _WHOLE:
        return _WHOLE[syllable]
    if final == "uo" and initial in _KEEPS_UO:
        return _INITIALS.get(initial, initial) + final
    return _INITIALS.get(initial, initial) + _WADE_FINALS.get(final, final)


def _load():
    pinyin = {initial + final: _wade(initial, final) for initial, finals in _FINALS.items() for final in finals.split()}
    forms = {form.replace("ts", "tz", 1): form for form in pinyin.values() if form.startswith("ts")}
    return forms | {wade: wade for wade in pinyin.values()} | pinyin


_FORMS = _load()
_LONGEST = max(map(len, _FORMS))


@lru_cache(maxsize=1 << 16)
def syllables(token):
    """Return the syllables of a folded word as Wade-Giles without marks, or () when it isn't made of them.

    Several systems fall together: what differs only by aspiration is the same.

    >>> syllables("xueling") == syllables("hsuehling"), syllables("zhen") == syllables("chen")
    (True, True)
    >>> syllables("petrenko")
    ()
    """
    best = {len(token): ()}
    for start in range(len(token) - 1, -1, -1):
        for size in range(min(_LONGEST, len(token) - start), 0, -1):
            rest = best.get(start + size)
            form = _FORMS.get(token[start : start + size])
            if rest is not None and form is not None and (start not in best or len(rest) + 1 < len(best[start])):
                best[start] = (form, *rest)
    return best.get(0, ())
