"""Who made which booking: the demo group's truth.

The bookings file says of each row whether the hotel knew the guest (``repeated``, with the number
of earlier stays) but not who he was. :func:`assign` deals people to the rows so that these hints
hold as far as they can, and adds what hotels don't see: guests that come back without being
recognised, households where now one and now the other books, guests of both hotels, and group
blocks held under the name of the leader.
"""

from collections import defaultdict
from random import Random
from typing import NamedTuple

# Chances, chosen so that the 119,390 bookings belong to some 72,000 people.
RETURNS = 0.31
PARTNER_BOOKS = 0.12
COMPANION_KNOWN = 0.11
CHILD_KNOWN = 0.3
LEADER_HOLDS = {"cancelled": 0.9, "no_show": 0.9, "checked_out": 0.3}
BLOCK_MARKETS = ("Groups", "Offline TA/TO", "Aviation")


class Seat(NamedTuple):
    """Who is on a booking: numbers of people, and of the hotel's profile of each.

    ``same`` says that the booking was put on a profile which the hotel had already.
    """

    person: int
    profile: int
    same: bool
    companions: tuple = ()


class Group(NamedTuple):
    """Who is who.

    :ivar seats: booking number -> :class:`Seat`
    :ivar people: number of a person -> ``(country, household, role)``; the first entry is empty
    :ivar visits: person -> booking numbers, in the order of arrival
    :ivar origins: profile -> number of the booking it was made for
    """

    seats: dict
    people: list
    visits: dict
    origins: dict


class _Dealer:
    def __init__(self, seed):
        self.rng = Random(f"{seed}:people")
        self.people = [None]
        self.origins = {}
        self.seats = {}
        self.visits = defaultdict(list)
        self.partner = {}
        self.children = {}
        self.free_from = {}
        self.seen = defaultdict(list)
        self.known = defaultdict(lambda: defaultdict(list))
        self.stays = defaultdict(int)
        self.last_profile = {}
        self.blocks = {}

    def new_person(self, country, household=0, role="head"):
        self.people.append((country, household, role))
        return len(self.people) - 1

    def new_profile(self, booking):
        profile = len(self.origins) + 1
        self.origins[profile] = booking.number
        return profile

    def partner_of(self, person):
        """Return the number of the person's partner, who exists from now on; 0 for a child."""
        country, household, role = self.people[person]
        if role == "child":
            return 0
        if role == "partner":
            return household
        if person not in self.partner:
            self.partner[person] = self.new_person(country, person, "partner")
        return self.partner[person]

    def children_of(self, person, count):
        country, household, role = self.people[person]
        head = household if role == "partner" else person
        found = self.children.setdefault(head, [])
        while len(found) < count:
            found.append(self.new_person(country, head, "child"))
        return found[:count]

    def is_free(self, person, booking):
        return self.free_from.get(person, booking.arrival) <= booking.arrival

    def recognised(self, booking):
        """Return a person whom the hotel knows, with as many earlier stays as the row says."""
        by_count = self.known[booking.hotel, booking.company or booking.country]
        wanted = booking.previous_stayed
        order = [wanted] + sorted((c for c in by_count if c != wanted), key=lambda c: abs(c - wanted))
        for count in order:
            people = by_count.get(count, [])
            for _try in range(min(4, len(people))):
                index = self.rng.randrange(len(people))
                person = people[index]
                if self.stays[booking.hotel, person] != count:
                    people[index] = people[-1]
                    people.pop()
                    if not people:
                        break
                elif self.is_free(person, booking):
                    return person
        return None

    def returning(self, booking):
        """Return somebody from the same country who has booked before, or None."""
        people = self.seen[booking.country]
        for _try in range(3):
            if people:
                person = people[self.rng.randrange(len(people))]
                if self.rng.random() < PARTNER_BOOKS:
                    person = self.partner_of(person)
                if self.is_free(person, booking):
                    return person
        return None

    def lead(self, booking):
        """Return ``(person, known)`` for a booking; ``known``: the hotel had a profile of him."""
        if booking.repeated:
            person = self.recognised(booking)
            if person:
                return person, True
        block = self.block_of(booking)
        if block is not None:
            leader = self.blocks.get(block)
            if leader is None:
                self.blocks[block] = leader = self.new_person(booking.country)
                return leader, False
            if self.rng.random() < LEADER_HOLDS[booking.status]:
                return leader, True
        if self.rng.random() < RETURNS:
            person = self.returning(booking)
            if person:
                return person, False
        return self.new_person(booking.country), False

    @staticmethod
    def block_of(booking):
        if booking.market in BLOCK_MARKETS and (
            booking.customer_type != "Transient" or booking.deposit == "Non Refund"
        ):
            return (
                *(booking.hotel, booking.arrival, booking.nights, booking.agent, booking.company),
                *(booking.lead_time, booking.country, booking.customer_type),
            )
        return None

    def deal(self, booking):
        person, known = self.lead(booking)
        at_hotel = (booking.hotel, person)
        profile = self.last_profile.get(at_hotel) if known else None
        same = profile is not None
        if profile is None:
            profile = self.new_profile(booking)
        self.last_profile[at_hotel] = profile
        companions = self.companions(booking, person)
        self.seats[booking.number] = Seat(person, profile, same, companions)
        self.visits[person].append(booking.number)
        if booking.status == "checked_out":
            self.stays[at_hotel] += 1
            self.known[booking.hotel, booking.company or booking.country][self.stays[at_hotel]].append(person)
        if booking.status != "cancelled":
            self.free_from[person] = max(self.free_from.get(person, booking.departure), booking.departure)
        if not same:
            self.seen[booking.country].append(person)

    def companions(self, booking, person):
        if booking.status != "checked_out":
            return ()
        found = []
        if booking.adults >= 2 and self.rng.random() < COMPANION_KNOWN:
            partner = self.partner_of(person)
            if partner:
                found.append(partner)
        if 0 < booking.children + booking.babies < 4 and self.rng.random() < CHILD_KNOWN:
            found += self.children_of(person, booking.children + booking.babies)
        return tuple((number, self.new_profile(booking)) for number in found)


def assign(bookings, seed):
    """Deal people to bookings.

    :param bookings: the bookings of the file, unmoved
    :return: :class:`Group`; the same for the same arguments
    """
    dealer = _Dealer(seed)
    for booking in sorted(bookings, key=lambda b: (b.arrival, b.number)):
        dealer.deal(booking)
    return Group(dealer.seats, dealer.people, dict(dealer.visits), dealer.origins)
