"""Who of a million guests may get a marketing mail now: consent, address, blacklist, age, one mail per address, caps.

The peer is the selection of a stock mailing to all contacts, which looks at none of these: what its sender calls
(``mailing.mailing._get_remaining_recipients`` of the core: the contacts of the domain who have no trace of this mailing
yet), and as a second figure the bare search in it (``_get_recipients``, key ``bare_ratio``). All return ids. Every
second guest has got one to five messages in the last weeks.

``equal``: what is selected is what a plain loop over the tables' rows selects.
"""

import collections
import datetime
import pathlib

from common import bench_database, medians_of, odoo_env, parse_arguments, result, table

from odoo import fields
from odoo.tools import SQL

from odoo.addons.mass_mailing.models.mailing import MailingMailing

DATA = pathlib.Path(__file__).parent / "sql" / "willing_guests.sql"
MESSAGES = pathlib.Path(__file__).parent / "sql" / "recent_messages.sql"
WEEK = datetime.timedelta(days=7)


def build(cursor, size):
    cursor.execute(
        "INSERT INTO hospitality_brand (name, code, active) VALUES ('{\"en_US\": \"Bench\"}', 'BENCH', TRUE)"
    )
    cursor.execute(DATA.read_text(), {"size": size})
    cursor.execute(MESSAGES.read_text(), {})


def plain(env, now, purpose, adult):
    """The ids that a loop over the rows selects, by the rules in words."""

    def read(query):
        env.cr.execute(query)
        return env.cr.fetchall()

    said = {
        p: s
        for p, s in read(
            SQL(
                "SELECT partner_id, state FROM hospitality_consent_state"
                " WHERE purpose_id = %s AND channel = 'email' AND brand_id IS NULL",
                purpose.id,
            )
        )
    }
    points = {v: (k, r) for v, k, r in read("SELECT value, kind, reachable FROM hospitality_contact_point")}
    blocked = {row[0] for row in read("SELECT email FROM mail_blacklist WHERE active")}
    got = collections.defaultdict(list)
    for partner, channel, at in read("SELECT partner_id, channel, handed_at FROM hospitality_message"):
        if at > now - WEEK:
            got[partner].append(channel)
    chosen, used = set(), set()
    for partner, address, born in read(
        "SELECT id, email_normalized, guest_birthdate FROM res_partner WHERE active AND is_guest ORDER BY id"
    ):
        kind, reachable = points.get(address, ("none", False))
        channels = got.get(partner, ())
        if (
            said.get(partner) == "granted"
            and kind == "real"
            and reachable
            and address not in blocked
            and born <= adult
            and channels.count("email") < 4
            and len(channels) < 5
            and address not in used
        ):
            used.add(address)
            chosen.add(partner)
    return chosen


def main():
    arguments = parse_arguments(size=1_000_000)
    database = bench_database("recipients", arguments.size, build=build, sources=[DATA, MESSAGES])
    with odoo_env(database) as env:
        mailing = env["mailing.mailing"].create(
            {
                "subject": "Bench",
                "mailing_type": "mail",
                "mailing_model_id": env["ir.model"]._get_id("res.partner"),
                "mailing_domain": "[]",
            }
        )
        gate = env["hospitality.gate"]
        purpose = env.ref("hospitality_crm.purpose_marketing")
        spec = gate._spec(purpose, "email", mailing)
        everybody = SQL("SELECT id FROM res_partner WHERE active")
        now = fields.Datetime.now()
        seen = {}

        def ours():
            gate._flush_for_decision()
            gate._prefer_many()
            chosen = gate._decide(everybody, spec, now, only_allowed=True)
            rows = env.execute_query(SQL("SELECT partner_id FROM (%s) AS chosen", chosen))
            seen["ours"] = [row[0] for row in rows]

        def core():
            env.invalidate_all()
            env.cr.execute("SET LOCAL enable_nestloop = on; SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT")
            seen["core"] = MailingMailing._get_remaining_recipients(mailing)

        def bare():
            env.invalidate_all()
            seen["bare"] = MailingMailing._get_recipients(mailing)

        seconds, peer, search = medians_of(5, ours, core, bare)
        adult = now.date().replace(year=now.year - env.company.hospitality_consent_age)
        expected = plain(env, now, purpose, adult)
        equal = expected == set(seen["ours"]) and len(seen["ours"]) == len(expected)
        if not equal:
            print(
                "only expected:",
                sorted(expected - set(seen["ours"]))[:5],
                "only ours:",
                sorted(set(seen["ours"]) - expected)[:5],
            )
        table(
            [f"{arguments.size:,} guests", "seconds", "selected"],
            [
                ["the gate", seconds, len(seen["ours"])],
                ["stock, nothing asked", peer, len(seen["core"])],
                ["its search alone", search, len(seen["bare"])],
            ],
        )
    result("recipients", ratio=peer / seconds, seconds=seconds, bare_ratio=search / seconds, equal=int(equal))


if __name__ == "__main__":
    main()
