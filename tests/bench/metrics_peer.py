"""The peer of the metrics benchmark: the same figures as stored computed fields of an Odoo addon would get them.

The form is the one that core uses (see the stored statistics of ``res.partner`` in ``loyalty`` or ``crm``): facts are
searched per batch of guests with exactly the fields that are needed, lines are counted by ``_read_group``, and the
values are assigned as a compute method assigns them, so that one flush per batch writes what changed.

Stays and checks are added up record by record because ``_read_group`` can't say what they count for: one payer by rank
among several people, a guest with two roles on a stay, amounts times their rate, refunds, and a favourite by number
and day. The peer has the facts with their shortcuts to guest and company and with the indexes of the product, but none
of the columns that exist for our query (shares, tallies, keys of dishes).
"""

from collections import defaultdict

from odoo.tools import float_round

HERE = ("in_house", "checked_out")
DAYPARTS = ("breakfast", "lunch", "afternoon", "dinner", "late")
STAY_FIELDS = (
    "partner_id company_id property_id status arrival departure booked_on lead_time room_type_id room_type_charged_id"
    " channel_id is_pseudo revenue_basis currency_rate amount_room amount_fb amount_other"
).split()
CHECK_FIELDS = (
    "partner_id company_id status outlet_id business_date daypart stay_id refund_of_id covers currency_rate"
    " amount_total"
).split()


class Tally:
    """What is counted for one guest in one company."""

    def __init__(self):
        self.n = defaultdict(float)
        self.counts = {name: {} for name in ("channel_id", "room_type_id", "outlet_id", "favourite_daypart", "dish")}
        self.first = self.last = self.next = None

    def saw(self, first, last):
        self.first = min(self.first or first, first)
        self.last = max(self.last or last, last)

    def expects(self, day):
        self.n["upcoming"] += 1
        self.next = min(self.next or day, day)

    def vote(self, name, key, day):
        if key:
            count, last = self.counts[name].get(key, (0, day))
            self.counts[name][key] = (count + 1, max(last, day))

    def favourite(self, name):
        votes = self.counts[name]
        return min(votes, key=lambda key: (-votes[key][0], -votes[key][1].toordinal(), key), default=False)


def recompute(env, partner_ids, days):
    """Recompute the metrics of up to 1,000 guests and flush them.

    :param dict days: current business date per property id
    """
    tallies = defaultdict(Tally)
    _stays(env, partner_ids, days, tallies)
    _tables(env, partner_ids, days, tallies)
    _write(env, partner_ids, tallies)


def _stays(env, partner_ids, days, tallies):
    StayGuest = env["hospitality.stay.guest"]
    Stay = env["hospitality.stay"]
    own = StayGuest.search_fetch([("partner_id", "in", partner_ids)], ["stay_id"], order="id")
    stays = Stay.search_fetch(
        ["|", ("partner_id", "in", partner_ids), ("id", "in", own.stay_id.ids)], STAY_FIELDS, order="id"
    )
    people = StayGuest.search_fetch(
        [("stay_id", "in", stays.ids)],
        ["stay_id", "partner_id", "role", "sequence", "sleeps", "pays"],
        order="id",
    )
    by_stay = defaultdict(list)
    for person in people:
        by_stay[person.stay_id.id].append(person)
    wanted = set(partner_ids)
    for stay in stays:
        crew = by_stay[stay.id]
        payers = [p for p in crew if p.pays]
        if payers:
            best = min(payers, key=lambda p: (p.role != "payer", p.role != "primary", p.sequence, p.id))
            payer = best.partner_id.id
        else:
            payer = stay.partner_id.id
        sleepers = {p.partner_id.id for p in crew if p.sleeps} if crew else {stay.partner_id.id}
        here = stay.status in HERE
        nights = (stay.departure - stay.arrival).days
        if payer in wanted and (here or stay.revenue_basis == "lines" and stay.status in ("cancelled", "no_show")):
            n = tallies[payer, stay.company_id.id].n
            rate = stay.currency_rate
            n["room"] += stay.amount_room * rate
            n["fb"] += stay.amount_fb * rate
            n["other"] += stay.amount_other * rate
            if here and not stay.is_pseudo:
                n["paid_room"] += stay.amount_room * rate
                n["paid_nights"] += nights
        if stay.is_pseudo:
            continue
        for partner_id in sleepers & wanted:
            tally = tallies[partner_id, stay.company_id.id]
            n = tally.n
            if here:
                n["stays"] += 1
                n["nights"] += nights
                n["direct"] += bool(stay.channel_id.is_direct)
                if stay.booked_on or stay.lead_time:
                    n["lead_sum"] += (stay.arrival - stay.booked_on).days if stay.booked_on else stay.lead_time
                    n["lead_count"] += 1
                tally.saw(stay.arrival, stay.departure if stay.status == "checked_out" else stay.arrival)
                tally.vote("channel_id", stay.channel_id.id, stay.arrival)
                tally.vote("room_type_id", stay.room_type_charged_id.id or stay.room_type_id.id, stay.arrival)
            elif stay.status == "cancelled":
                n["cancelled"] += 1
            elif stay.status == "no_show":
                n["no_show"] += 1
            elif stay.status in ("reserved", "optional") and stay.arrival >= days[stay.property_id.id]:
                tally.expects(stay.arrival)


def _tables(env, partner_ids, days, tallies):
    Check = env["hospitality.check"]
    checks = Check.search_fetch(
        [("partner_id", "in", partner_ids), ("status", "in", ["open", "paid", "refunded"])], CHECK_FIELDS, order="id"
    )
    refunded = checks.filtered(lambda check: check.status == "refunded")
    taken_back = set(
        Check.search_fetch(
            [("refund_of_id", "in", refunded.ids), ("status", "in", ["open", "paid", "refunded"])], ["refund_of_id"]
        ).refund_of_id.ids
    )
    checks.stay_id.fetch(["revenue_basis", "amount_fb"])
    for check in checks:
        tally = tallies[check.partner_id.id, check.company_id.id]
        n = tally.n
        money = check.amount_total * check.currency_rate
        refund = check.refund_of_id or check.status == "refunded" and check.amount_total < 0
        if refund:
            money = -abs(money)
        elif check.status == "refunded" and check.id not in taken_back:
            money = 0
        n["billed"] += money
        stay = check.stay_id
        if not (stay.revenue_basis == "lines" or stay.revenue_basis == "source" and stay.amount_fb):
            n["other" if check.outlet_id.kind in ("spa", "shop", "other") else "fb"] += money
        if not refund:
            n["checks"] += 1
            n["covers"] += check.covers
            tally.saw(check.business_date, check.business_date)
            tally.vote("outlet_id", check.outlet_id.id, check.business_date)
            tally.vote(
                "favourite_daypart",
                check.daypart and DAYPARTS.index(check.daypart) + 1,
                check.business_date,
            )
    groups = env["hospitality.charge"]._read_group(
        [
            ("check_id.partner_id", "in", partner_ids),
            ("check_id.status", "in", ["open", "paid", "refunded"]),
            ("check_id.refund_of_id", "=", False),
            ("department", "=", "fb"),
            ("state", "=", "live"),
        ],
        ["check_id.partner_id", "check_id.company_id", "name"],
        ["__count", "business_date:max", "id:min"],
    )
    for partner, company, name, count, last, charge_id in groups:
        tallies[partner.id, company.id].counts["dish"][charge_id] = (count, last)
        tallies[partner.id, company.id].n[charge_id] = name
    reservations = env["hospitality.reservation"].search_fetch(
        [("partner_id", "in", partner_ids)],
        ["partner_id", "company_id", "property_id", "outlet_id", "status", "business_date", "covers"],
        order="id",
    )
    with_check = set(
        Check.search_fetch([("reservation_id", "in", reservations.ids)], ["reservation_id"]).reservation_id.ids
    )
    for table in reservations:
        tally = tallies[table.partner_id.id, table.company_id.id]
        if table.status in ("seated", "finished"):
            tally.n["honoured"] += 1
            if table.id not in with_check:
                tally.n["covers"] += table.covers
                tally.saw(table.business_date, table.business_date)
                tally.vote("outlet_id", table.outlet_id.id, table.business_date)
        elif table.status == "cancelled":
            tally.n["cancelled"] += 1
        elif table.status == "no_show":
            tally.n["no_show"] += 1
        elif table.status == "booked" and table.business_date >= days[table.property_id.id]:
            tally.expects(table.business_date)


def _values(tally, digits):
    n = tally.n
    money = {name: float_round(n[name], precision_digits=digits) for name in ("room", "fb", "other")}
    dish = tally.favourite("dish")
    daypart = tally.favourite("favourite_daypart")
    return {
        "stay_count": int(n["stays"]),
        "night_count": int(n["nights"]),
        "check_count": int(n["checks"]),
        "cover_count": int(n["covers"]),
        "reservation_count": int(n["honoured"]),
        "cancel_count": int(n["cancelled"]),
        "no_show_count": int(n["no_show"]),
        "upcoming_count": int(n["upcoming"]),
        "direct_count": int(n["direct"]),
        "direct_share": n["direct"] / n["stays"] if n["stays"] else False,
        "lead_time_avg": n["lead_sum"] / n["lead_count"] if n["lead_count"] else False,
        "first_visit": tally.first,
        "last_visit": tally.last,
        "next_visit": tally.next,
        "channel_id": tally.favourite("channel_id"),
        "room_type_id": tally.favourite("room_type_id"),
        "outlet_id": tally.favourite("outlet_id"),
        "favourite_dish": dish and n[dish],
        "favourite_daypart": daypart and DAYPARTS[daypart - 1],
        "revenue_room": money["room"],
        "revenue_fb": money["fb"],
        "revenue_other": money["other"],
        "revenue_total": sum(money.values()),
        "check_average": n["billed"] / n["checks"] if n["checks"] else False,
        "adr": n["paid_room"] / n["paid_nights"] if n["paid_nights"] else False,
    }


def _write(env, partner_ids, tallies):
    Metrics = env["hospitality.guest.metrics"]
    rows = {(row.partner_id.id, row.company_id.id): row for row in Metrics.search([("partner_id", "in", partner_ids)])}
    missing = [key for key in tallies if key not in rows]
    created = Metrics.create([{"partner_id": partner, "company_id": company} for partner, company in missing])
    rows.update(zip(missing, created, strict=True))
    digits = {company.id: company.currency_id.decimal_places for company in env["res.company"].search([])}
    fields = [Metrics._fields[name] for name in _values(Tally(), 2)]
    with env.protecting(fields, Metrics.browse([row.id for row in rows.values()])):
        for key, tally in tallies.items():
            row = rows[key]
            for name, value in _values(tally, digits[key[1]]).items():
                row[name] = value
    Metrics.flush_model()
