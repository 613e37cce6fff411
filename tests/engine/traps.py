"""Pairs of guests that a careless matcher merges, each beside a pair of the same shape that is one person.

``build()`` returns one population: every trap in every naming tradition, the people who make hubs of shared contacts,
and strangers who make some names common. Each function of ``SHAPES`` adds the records of one case and returns the
indexes of its pair. Without ``same`` these are two people who share something; with ``same`` it is one person, typed in
another way, who shares the same kind of thing with himself.
"""

from dataclasses import replace
from datetime import timedelta

from trap_people import PLACES, Builder, Population, latin

SUFFIXES = {"pt": "Filho", "hu": "ifj."}
JUNK_DATES = ("1970-01-01", "1900-01-01")
JUNK_NUMBERS = ("passport:000000000", "passport:123456789", "passport:XXXXXXX")
STRANGERS = 3000


def _couple(b):
    family = b.family()
    return b.man(family), b.woman(family)


def _brothers(b, years=3):
    family = b.family()
    one = b.man(family)
    other = b.man(family)
    while other.given == one.given:
        other = b.man(family)
    return one, replace(other, born=one.born + timedelta(days=365 * years + 17))


def _pair(b, same, people, left=None, right=None, **shared):
    """Put two records with what is shared; of one person in two spellings, or of two persons."""
    one, other = people
    values_left, values_right = shared | (left or {}), shared | (right or {})
    if same:
        return b.put(one, **values_left), b.put(one, "other", **values_right)
    return b.put(one, **values_left), b.put(other, b.rng.choice(["plain", "other"]), **values_right)


def _born(person):
    return {"birthdate": person.born.isoformat()}


def _slip(born):
    """The same day with day and month exchanged, or with a slip in the year."""
    if born.day <= 12 and born.day != born.month:
        return born.replace(month=born.day, day=born.month).isoformat()
    year = str(born.year)
    return f"{year[:2]}{year[3]}{year[2]}-{born:%m-%d}" if year[2] != year[3] else f"{born.year + 1}-{born:%m-%d}"


def spouses(b, same):
    people = _couple(b)
    return _pair(b, same, people, emails=[b.email(people[0])], phones=[b.phone()], **b.home())


def spouses_phone(b, same):
    return _pair(b, same, _couple(b), phones=[b.phone()])


def spouses_loyalty(b, same):
    card = [{"program": "CLUB", "number": f"HC{b.rng.randrange(10**7, 10**8)}"}]
    return _pair(b, same, _couple(b), memberships=card, **b.home())


def twins(b, same):
    people = b.alike()
    return _pair(b, same, people, phones=[b.phone()], **b.home(), **_born(people[0]))


def twins_mail(b, same):
    people = b.alike()
    number = b.passport()
    following = number[:-1] + str((int(number[-1]) + 1) % 10)
    documents = {"documents": [number]}, {"documents": [number if same else following]}
    return _pair(b, same, people, *documents, emails=[b.email(people[1])], **_born(people[0]))


def father_son_namesake(b, same):
    father = b.man(born=b.day(1945, 1960))
    son = replace(father, born=b.day(1975, 2000))
    right = {"birthdate": _slip(father.born)} if same else _born(son)
    contacts = {"phones": [b.phone()], **b.home()}
    left = b.put(father, **contacts, **_born(father))
    return left, b.put(father if same else son, **contacts, **right)


def father_son_suffix(b, same):
    father = b.man(born=b.day(1945, 1960))
    suffix = SUFFIXES.get(b.culture, "Jr.")
    son = replace(father, family=tuple(f"{form} {suffix}" for form in father.family), born=b.day(1975, 2000))
    contacts = {"emails": [b.email(father)], "phones": [b.phone()]}
    if same:
        return b.put(son, **contacts, **_born(son)), b.put(son, **contacts)
    return b.put(father, **contacts), b.put(son, **contacts)


def father_son_initial(b, same):
    father = b.man(born=b.day(1945, 1960))
    son = replace(father, born=b.day(1975, 2000))
    contacts = {"phones": [b.phone()], "emails": [b.email(father)], **b.home()}
    left = b.put(father, **contacts, **_born(father))
    return left, b.put(father if same else son, "initial", **contacts, **_born(father if same else son))


def father_son(b, same):
    son, father = _brothers(b, -28)
    return _pair(b, same, (father, son), _born(father), phones=[b.phone()], emails=[b.email(father)])


def brothers(b, same):
    one, other = _brothers(b)
    born = (_born(one), _born(one if same else other)) if b.rng.random() < 0.5 else (None, None)
    return _pair(b, same, (one, other), *born, phones=[b.phone()], emails=[b.email(one)], **b.home())


def siblings_alike(b, same):
    people = b.alike()
    return _pair(b, same, people, emails=[b.email(people[0])])


def mother_daughter(b, same):
    family = b.family()
    mother = b.woman(family)
    daughter = b.woman(family)
    while daughter.given == mother.given:
        daughter = b.woman(family)
    return _pair(b, same, (mother, daughter), phones=[b.phone()], **b.home())


def reception_phone(b, same):
    phone = [b.phone()]
    one, other = _brothers(b)
    b.hub(one, other, phones=phone)
    born = (_born(one), _born(one)) if same else (None, None)
    return _pair(b, same, (one, other), *born, phones=phone)


def reception_phone_namesakes(b, same):
    phone = [b.phone()]
    one = b.man()
    b.hub(one, phones=phone)
    other = replace(one, born=b.day())
    mail = b.email(one)
    left = b.put(one, phones=phone, emails=[mail], city=b.cities[0], country=b.country)
    mail = mail if same else b.email(other, "outlook.com")
    city = b.cities[0] if same else b.cities[1]
    return left, b.put(one if same else other, phones=phone, emails=[mail], city=city, country=b.country)


def agency_mail(b, same):
    mail = [f"booking{b.rng.randrange(100)}@{b.company()}"]
    one, other = _brothers(b)
    b.hub(one, other, emails=mail)
    passports = ({"documents": [b.passport()]},) * 2 if same else (None, {"documents": [b.passport()]})
    return _pair(b, same, (one, other), *passports, emails=mail)


def agency_mail_namesakes(b, same):
    mail, phone = [f"res@{b.company()}"], [b.phone()]
    one = b.woman()
    b.hub(one, emails=mail, phones=phone)
    other = replace(one, born=b.day())
    return _pair(b, same, (one, other), _born(one), _born(one if same else other), emails=mail, phones=phone)


def recycled_sim(b, same):
    one, other = b.man(), b.woman()
    while other.family == one.family:
        other = b.woman()
    return _pair(b, same, (one, other), {"city": b.cities[0]}, {"city": b.cities[1]}, phones=[b.phone()])


def recycled_sim_same_given(b, same):
    one = b.man()
    other = b.man(given=one.given)
    while other.family == one.family:
        other = b.man(given=one.given)
    return _pair(b, same, (one, other), phones=[b.phone()])


def namesakes_in_one_city(b, same):
    one = b.man()
    other = replace(one, born=b.day())
    place = {"city": b.cities[0], "country": b.country}
    phone = b.phone()
    left = b.put(one, phones=[phone], emails=[b.email(one)], **place)
    phone = phone if same else b.phone()
    person = one if same else other
    return left, b.put(person, phones=[phone], emails=[b.email(one, "yahoo.com")], **place)


def namesakes_without_contact(b, same):
    one = b.man()
    other = replace(one, born=b.day())
    place = {"city": b.cities[1], "country": b.country}
    left = b.put(one, phones=[b.phone()], emails=[b.email(one)], **place, **_born(one))
    return left, b.put(one if same else other, **place, **(_born(one) if same else {}))


def namesakes_with_like_addresses(b, same):
    one = b.woman()
    other = replace(one, born=b.day())
    mail = b.email(one)
    local, _at, domain = mail.partition("@")
    left = b.put(one, emails=[mail], city=b.cities[0])
    if same:
        return left, b.put(one, "other", emails=[f"{local.replace('.', '')}+hotel@{domain}"], city=b.cities[0])
    near = local[:-1] + str((int(local[-1]) + 1) % 10)
    return left, b.put(other, emails=[f"{near}@{domain}"], city=b.cities[0])


def namesakes_born_on_one_day(b, same):
    one = b.man()
    for _ in range(6):
        b.put(replace(one, born=b.day()), emails=[b.email(one)])
    other = replace(one, given=(*one.given, "other person"))
    number = b.passport()
    left = b.put(one, documents=[number], phones=[b.phone()], **_born(one), **b.home())
    person, number = (one, number) if same else (other, b.passport())
    right = b.put(person, documents=[number], phones=[b.phone()], **_born(one), city=b.cities[2], country=b.country)
    return left, right


def company_switchboard(b, same):
    phone, domain = [b.phone()], b.company()
    one, other = _brothers(b)
    b.hub(one, other, phones=phone, company_name=domain)
    mail = b.email(one, domain)
    right = {"emails": [mail if same else b.email(other, domain)]}
    return _pair(b, same, (one, other), {"emails": [mail]}, right, phones=phone, company_name=domain)


def company_mailbox(b, same):
    mail = [f"info@{b.company()}"]
    one = b.man()
    other = b.man(given=one.given)
    while other.family == one.family:
        other = b.man(given=one.given)
    b.hub(one, other, emails=mail)
    return _pair(b, same, (one, other), _born(one) if same else None, _born(one) if same else None, emails=mail)


def passports_in_sequence(b, same):
    one, other = _couple(b)
    number = b.passport()
    following = number[:-1] + str((int(number[-1]) + 1) % 10)
    right = {"documents": [number if same else following]} | (_born(one) if same else _born(other))
    return _pair(b, same, (one, other), {"documents": [number]} | _born(one), right, **b.home())


def surname_and_title_only(b, same):
    man, woman = _couple(b)
    contacts = {"phones": [b.phone()], **b.home()}
    if same:
        return b.put(man, "other", salutation="Mr", **contacts), b.put(man, salutation="Mr", **contacts)
    return b.put(man, "family", **contacts), b.put(woman, "family", **contacts)


def bridge_of_an_initial(b, same):
    one, other = b.alike()
    phone = [b.phone()]
    b.put(one, "initial", owner=None if same else ("one of two", phone[0]), phones=phone)
    return b.put(one, phones=phone), b.put(one if same else other, "other" if same else "plain", phones=phone)


def bridge_of_a_given_name(b, same):
    one = b.woman()
    other = b.woman(given=one.given)
    while other.family == one.family:
        other = b.woman(given=one.given)
    phone = [b.phone()]
    b.put(one, "given", owner=None if same else ("one of two", phone[0]), phones=phone)
    return b.put(one, phones=phone), b.put(one if same else other, "other" if same else "plain", phones=phone)


def initial_and_title(b, same):
    man, woman = _couple(b)
    woman = replace(woman, given=(latin(man.given)[0] + "nna",))
    contacts = {"emails": [b.email(man)], "phones": [b.phone()]}
    left = b.put(man, "initial", gender="male", salutation="Mr", **contacts, **(_born(man) if same else {}))
    if same:
        return left, b.put(man, gender="male", **contacts, **_born(man))
    return left, b.put(woman, "initial", gender="female", salutation="Mrs", **contacts)


def junk_document(b, same):
    one, other = _brothers(b)
    number = b.passport() if same else b.rng.choice(JUNK_NUMBERS)
    return _pair(b, same, (one, other), documents=[number], city=b.cities[0])


def junk_birth_date(b, same):
    one = b.woman()
    other = replace(one, born=b.day())
    phone, junk = b.phone(), b.rng.choice(JUNK_DATES)
    left = b.put(one, birthdate=junk, phones=[phone], city=b.cities[0])
    phone = phone if same else b.phone()
    return left, b.put(one if same else other, birthdate=junk, phones=[phone], city=b.cities[0])


def relay_addresses(b, same):
    people = b.alike()
    given, _dot, family = b.email(people[0], "").rstrip("@0123456789").partition(".")
    alias = given[0] + family
    mails = [f"{alias}.{b.rng.randrange(10**5, 10**6)}@guest.booking.com" for _ in range(2)]
    phone = b.phone()
    left = {"emails": mails[:1], "phones": [phone]}
    right = {"emails": mails[1:], "phones": [phone if same else b.phone()]}
    return _pair(b, same, people, left, right, city=b.cities[0], country=b.country)


SHAPES = (
    spouses,
    spouses_phone,
    spouses_loyalty,
    twins,
    twins_mail,
    father_son_namesake,
    father_son_suffix,
    father_son_initial,
    father_son,
    brothers,
    siblings_alike,
    mother_daughter,
    reception_phone,
    reception_phone_namesakes,
    agency_mail,
    agency_mail_namesakes,
    recycled_sim,
    recycled_sim_same_given,
    namesakes_in_one_city,
    namesakes_without_contact,
    namesakes_with_like_addresses,
    namesakes_born_on_one_day,
    company_switchboard,
    company_mailbox,
    passports_in_sequence,
    surname_and_title_only,
    bridge_of_an_initial,
    bridge_of_a_given_name,
    initial_and_title,
    junk_document,
    junk_birth_date,
    relay_addresses,
)


def build(seed=2026):
    """Put all shapes of all traditions into one :class:`Population`."""
    population = Population()
    builder = Builder(population, seed)
    for culture in PLACES:
        builder.start(culture)
        for shape in SHAPES:
            for same in (False, True):
                builder.trap(shape.__name__, same, *shape(builder, same))
    for number in range(STRANGERS):
        builder.start(list(PLACES)[number % len(PLACES)])
        person = builder.man() if builder.rng.random() < 0.5 else builder.woman()
        values = {"phones": [builder.phone()], "emails": [builder.email(person)], **builder.home()}
        builder.put(person, **{key: values[key] for key in values if builder.rng.random() < 0.7})
    return population
