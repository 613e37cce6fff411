"""The demo group's PMS and POS feed a running server: what happens there is on the arrivals board within a minute.

Nobody presses a button: a booking, a check-in, a check and a merge come in by the server's own schedules, the guest of
the PMS and of the POS is one, and a VIP status and a tier that staff set here are in the PMS. ``--short`` wakes the
lanes instead of waiting for the scheduler's next look.
"""

import datetime
import os
import pathlib
import sys
import time

from common import Checks, parse_arguments, rows, run, server, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fakes.live import Town  # noqa: E402

MINUTE = 75  # a minute, and the seconds of the work itself
SETUP = """
from odoo.addons.hospitality_connectors.demo import vendors
env.ref("base.EUR").active = True
for code, kind in (("CITY", "hotel"), ("BICA", "restaurant")):
    env["hospitality.property"].create(
        {"name": code, "code": code, "kind": kind, "currency_id": env.ref("base.EUR").id, "tz": "Europe/Lisbon"})
for code in %(rooms)r:
    env["hospitality.room.type"].create(
        {"name": code, "code": code, "property_id": env["hospitality.property"].search([("code", "=", "CITY")]).id})
vendors.connect(env, %(vendors)r)
"""
WAKE = """
env["hospitality.connector"].search([("name", "like", "(live)")]).stream_ids.filtered(
    lambda cursor: cursor.kind != "sweep").action_read_now()
"""
VIP = """
profile = env["hospitality.profile"].search([("external_id", "=", %r), ("source_id.code", "=", "live_pms")])
env["hospitality.alert"].create({"partner_id": profile.partner_id.id, "kind": "vip", "message": "GOLD"})
"""
TIER = """
profile = env["hospitality.profile"].search([("external_id", "=", %r), ("source_id.code", "=", "live_pms")])
profile.partner_id.guest_tier = "DIAMOND"
"""
BOARD = """
SELECT s.status, p.partner_id FROM hospitality_stay s JOIN hospitality_profile p ON p.id = s.profile_id
  JOIN hospitality_source o ON o.id = s.source_id AND o.code = 'live_pms'
 WHERE p.external_id = %s AND s.arrival = %s
"""
CHECKS = """
SELECT k.partner_id FROM hospitality_check k JOIN hospitality_source o ON o.id = k.source_id AND o.code = 'live_pos'
"""
GUEST = """
SELECT p.partner_id FROM hospitality_profile p JOIN hospitality_source o ON o.id = p.source_id AND o.code = 'live_pms'
 WHERE p.external_id = %s
"""


def main():
    options = parse_arguments()
    os.environ["HOSPITALITY_HTTP_ALLOW"] = "127.0.0.1/32"
    checks, town = Checks(), Town(seed=5)
    seconds = 40 if options.short else MINUTE

    def comes(what, condition):
        """Check that something is there within a minute."""
        began = time.monotonic()
        if options.short:
            run(WAKE)
        try:
            wait_until(condition, seconds)
        except AssertionError:
            checks.check(what, False, f"not within {seconds} s")
        else:
            checks.check(what, True, f"({time.monotonic() - began:.0f} s)")

    with town.pms.running(), town.pos.running():
        run(SETUP % {"vendors": town.describe(), "rooms": list("ADEF")})
        with server(cron_threads=2):
            town.book()
            key, guest = town.arriving[0]
            today = datetime.date.fromisoformat(town.pms.reservations[key]["rooms"][0]["roomCheckIn"])
            comes(
                "a booking is on the board", lambda: rows(BOARD, [guest, today]) and rows(BOARD, [guest, today])[0][1]
            )
            town.check_in()
            comes("the guest is in house", lambda: rows(BOARD, [guest, today])[0][0] == "in_house")
            town.eat()
            comes("his check is there, and it is his", lambda: rows(CHECKS) == rows(GUEST, [guest]))
            town.appear_twice()
            twin = town.twins[0][0]
            comes("a second record of him is there", lambda: rows(GUEST, [twin]))
            town.merge()
            comes("two records of the PMS are one guest", lambda: rows(GUEST, [twin]) == rows(GUEST, [guest]) != [])
            fields = town.pms.guests[guest]["customFields"]
            run(VIP % guest)
            comes("a VIP status that staff set here is in the PMS", lambda: "GOLD" in str(fields))
            run(TIER % guest)
            comes("and so is a tier", lambda: "DIAMOND" in str(fields))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
