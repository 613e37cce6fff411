"""Words of several languages for values: status, yes and no, gender, countries, languages."""

import re
from functools import lru_cache

_PUNCTUATION = re.compile(r"[\W_]+")


def plain(text):
    """Return a text in lower case with single blanks instead of punctuation.

    >>> plain("Check-Out "), plain("NO_SHOW")
    ('check out', 'no show')
    """
    return _PUNCTUATION.sub(" ", text.casefold()).strip()


_STAY = {
    "enquiry": "enquiry inquiry request requested prospect offer quote quoted|запит|запрос|anfrage|հարցում",
    "optional": "optional option tentative provisional hold pending|опція|опция|предварительно|попереднє|option",
    "waitlist": "waitlist waitlisted waiting list|wait list|лист очікування|лист ожидания|warteliste",
    "reserved": (
        "reserved confirmed confirm booked new definite guaranteed due in|modified|not canceled|not cancelled|not "
        "checked in|ok|підтверджено|підтверджене|заброньовано|подтверждено|подтвержден|подтверждена|забронировано|"
        "бронь|reserviert|bestätigt|gebucht|confirmé|confirmada|confirmado|potwierdzona|հաստատված|ամրագրված"
    ),
    "in_house": (
        "inhouse|in house|checked in|checkedin|check in|arrived|due out|walkin|walk in|started|staying|заселено|"
        "заселений|проживає|проживает|заселен|заселён|заехал|angereist|im haus|eingecheckt|en casa|ներկա"
    ),
    "checked_out": (
        "checked out|checkedout|check out|checkout|departed|completed|complete|finished|stayed|processed|history|"
        "виїхав|виїхали|виселено|виселений|завершено|выехал|выселен|выехали|завершена|abgereist|ausgecheckt|parti|"
        "salida|wyjechał|մեկնել է|ավարտված"
    ),
    "cancelled": (
        "cancelled canceled cancel cancelation void deleted declined rejected expired|annulled|скасовано|скасована|"
        "скасоване|анульовано|отменено|отменена|отменен|отмена|аннулировано|аннулирована|storniert|annuliert|"
        "annulliert|annulé|annulée|cancelada|cancelado|anulowana|չեղարկված"
    ),
    "no_show": (
        "noshow|no show|non arrival|nonarrival|did not arrive|незаїзд|не заїхав|незаезд|не заехал|неявка|nicht "
        "angereist|nichterscheinen|non présenté|no presentado|չի ժամանել"
    ),
}
_RESERVATION = {
    "requested": "requested request new pending enquiry|запит|запрос|нове|новая|anfrage",
    "waitlist": "waitlist waitlisted|waiting list|лист очікування|лист ожидания",
    "booked": (
        "booked reserved confirmed|підтверджено|заброньовано|подтверждено|подтверждён|забронировано|bestätigt|"
        "reserviert|հաստատված"
    ),
    "seated": "seated arrived checked in|partially seated|за столом|гість прийшов|пришли|platziert",
    "finished": (
        "finished done completed complete left paid closed|завершено|закрито|завершен|завершена|закрыт|закрыто|beendet"
    ),
    "cancelled": _STAY["cancelled"],
    "no_show": _STAY["no_show"] + "|не прийшли|не пришли|не прийшов|не пришел",
}
_CHECK = {
    "draft": "draft precheck|чернетка|черновик|entwurf",
    "open": "open opened new unpaid|відкрито|відкритий|открыт|открыто|offen|բաց",
    "paid": (
        "paid closed completed complete done settled sale final|сплачено|оплачено|закрито|закритий|оплачен|закрыт|"
        "закрыто|bezahlt|abgeschlossen|վճարված|փակված"
    ),
    "voided": "void voided deleted cancelled canceled|скасовано|видалено|отменен|отменено|удален|удалено|storniert",
    "refunded": "refund refunded return returned|повернення|повернено|возврат|возвращен|erstattet",
}
_METHOD = {
    "cash": "cash|готівка|готівкою|наличные|наличными|bar|bargeld|espèces|efectivo|gotówka|կանխիկ",
    "card": (
        "card visa mastercard amex maestro mir pos credit debit|credit card|debit card|банківська картка|картка|карта|"
        "карткою|картой|безготівка|безнал|karte|kreditkarte|carte|tarjeta|քարտ"
    ),
    "room": "room charge|room|city ledger|на номер|на кімнату|zimmer|aufs zimmer",
    "transfer": (
        "transfer bank|bank transfer|wire|invoice|безготівковий розрахунок|перерахунок|безналичный|"
        "банковский перевод|überweisung|virement|փոխանցում"
    ),
    "voucher": "voucher giftcard certificate|gift card|сертифікат|сертификат|ваучер|gutschein",
}
_DEPARTMENT = {
    "room": "room rooms accommodation lodging room charge|проживання|проживание|номер|logis|übernachtung|zimmer",
    "fb": (
        "fb f b|food beverage food and beverage|restaurant bar breakfast minibar mini bar|room service|"
        "харчування|ресторан|бар|сніданок|питание|завтрак|кухня|frühstück|speisen|getränke|սնունդ"
    ),
    "other": "other misc miscellaneous spa parking laundry|інше|прочее|другое|sonstiges",
    "package": "package|пакет|paket",
    "tax": "tax city tax|vat|податок|налог|ндс|пдв|туристичний збір|steuer|kurtaxe",
    "fee": "fee service fee|service charge|cancellation fee|no show fee|сервісний збір|сбор|збір|gebühr",
    "tip": "tip tips gratuity|чайові|чаевые|trinkgeld",
}
_CHARGE_STATE = {
    "live": "live posted active normal ok",
    "moved": "moved transferred|перенесено",
    "void": "void voided cancelled canceled deleted storno|скасовано|отменено|сторно",
    "allowance": "allowance adjustment rebate correction|знижка|скидка|коригування",
    "refund": "refund refunded return|повернення|возврат",
}
_PAYMENT_STATE = {
    "live": "live posted paid ok success succeeded captured settled",
    "void": "void voided cancelled canceled failed declined",
    "refund": "refund refunded return|повернення|возврат",
}
_PURPOSE = {
    "leisure": "leisure tourism holiday vacation transient individual|відпочинок|отдых|туризм|urlaub|privat",
    "business": "business corporate work|відрядження|бізнес|командировка|бизнес|geschäftlich",
    "group": "group groups|група|группа|gruppe",
    "event": "event wedding conference mice|подія|захід|мероприятие|конференція|конференция|свадьба",
}
_DAYPART = {
    "breakfast": "breakfast morning|сніданок|завтрак|frühstück",
    "lunch": "lunch|обід|обед|mittagessen",
    "afternoon": "afternoon tea|afternoon|полудень|полдник",
    "dinner": "dinner evening supper|вечеря|ужин|abendessen",
    "late": "late night|late|ніч|ночь",
}
_GENDER = {
    "female": "f female w woman mrs ms miss frau mme madame sra|жінка|жіноча|ж|женщина|женский|пані|weiblich|իգական",
    "male": "m male man mr herr monsieur sr|чоловік|чоловіча|ч|мужчина|мужской|м|пан|männlich|արական",
    "other": "x d other diverse divers nonbinary",
}
_YES = "yes y true t 1 on x так да д ja j oui o sí si tak այո ✓ ✔ +".split()
_NO = "no n false f 0 off ні нет н nein non nie ոչ - —".split()


def _table(words):
    table = {}
    for value, text in words.items():
        table[plain(value)] = value
        for part in text.split("|"):
            part = part.strip()
            table.setdefault(plain(part), value)
        # The first part lists single words.
        for word in text.split("|")[0].split():
            table.setdefault(plain(word), value)
    return table


CHOICES = {
    "stay.status": _table(_STAY),
    "booking.status": _table(_STAY),
    "reservation.status": _table(_RESERVATION),
    "check.status": _table(_CHECK),
    "payment.method": _table(_METHOD),
    "payment.state": _table(_PAYMENT_STATE),
    "charge.department": _table(_DEPARTMENT),
    "charge.state": _table(_CHARGE_STATE),
    "stay.purpose": _table(_PURPOSE),
    "check.daypart": _table(_DAYPART),
    "gender": _table(_GENDER),
}


def choose(table, text):
    """Return the canonical value that a word stands for, None if it is unknown.

    :param str table: key of :data:`CHOICES`

    >>> choose("stay.status", "Check-Out"), choose("stay.status", "Скасовано"), choose("stay.status", "???")
    ('checked_out', 'cancelled', None)
    """
    return CHOICES.get(table, {}).get(plain(text))


def parse_boolean(text):
    """Return True or False.

    :raise ValueError: neither yes nor no
    """
    text = text.strip().casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueError(text)


ISO3 = (
    "ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT AZEAZ BDIBI "
    "BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB BRNBN BTNBT "
    "BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU "
    "CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET "
    "FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR "
    "GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR "
    "IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB "
    "LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH "
    "MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE "
    "NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL "
    "PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ "
    "SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC "
    "TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY "
    "USAUS UZBUZ VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW XKXXK TMPTL ROMRO"
)
_ALPHA3 = {item[:3]: item[3:] for item in ISO3.split()}
_ALPHA2 = frozenset(_ALPHA3.values())
_OTHER_NAMES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "great britain": "GB",
    "usa": "US",
    "u s a": "US",
    "сша": "US",
    "holland": "NL",
    "росія": "RU",
    "рф": "RU",
    "южная корея": "KR",
    "south korea": "KR",
    "czech republic": "CZ",
    "turkey": "TR",
}


@lru_cache(maxsize=1)
def _country_names():
    from babel import Locale

    from .dates import LOCALES

    names = {}
    for code in (*LOCALES, "zh", "ja"):
        for territory, name in Locale.parse(code).territories.items():
            if territory in _ALPHA2:
                names.setdefault(plain(name), territory)
    return {**names, **_OTHER_NAMES}


def country_code(text):
    """Return the ISO 3166 code of two letters for a code or a name.

    :raise ValueError: no country

    >>> country_code("PRT"), country_code("ua"), country_code("Німеччина"), country_code("UK")
    ('PT', 'UA', 'DE', 'GB')
    """
    code = text.strip().upper()
    if len(code) == 2 and code in _ALPHA2:
        return code
    if len(code) == 3 and code in _ALPHA3:
        return _ALPHA3[code]
    found = _country_names().get(plain(text))
    if not found:
        raise ValueError(text)
    return found


@lru_cache(maxsize=1)
def _language_names():
    from babel import Locale

    from .dates import LOCALES

    names = {}
    for code in LOCALES:
        for language, name in Locale.parse(code).languages.items():
            if len(language) == 2:
                names.setdefault(plain(name), language)
    return names


_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}|[A-Za-z]{4}))?$")
_LANGUAGE3 = {
    "eng": "en", "ukr": "uk", "rus": "ru", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es",
    "ita": "it", "por": "pt", "pol": "pl", "hye": "hy", "arm": "hy", "zho": "zh", "chi": "zh", "tur": "tr",
}  # fmt: skip


def language_tag(text):
    """Return the BCP 47 tag of a language given by code or name.

    >>> language_tag("uk_UA"), language_tag("Deutsch"), language_tag("ENG")
    ('uk-UA', 'de', 'en')
    """
    match = _TAG.match(text.strip())
    if match:
        language = match[1].lower()
        language = _LANGUAGE3.get(language, language)
        if len(language) == 2 and language in _language_names().values():
            region = match[2] or ""
            return language + (f"-{region.upper() if len(region) == 2 else region.title()}" if region else "")
    found = _language_names().get(plain(text))
    if not found:
        raise ValueError(text)
    return found
