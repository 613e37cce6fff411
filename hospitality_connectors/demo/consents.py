"""What guests of the live book have said about marketing when they booked, written to a database."""

import zlib
from datetime import date, datetime, time, timedelta

from odoo.addons.hospitality_crm.engine.consent import is_minor

SOURCE = "pms_live"
#: Of a hundred guests so many have agreed to a channel, and so many have refused it; the others weren't asked.
SHARES = {"email": (46, 9), "sms": (17, 6)}


def load(env, today):
    """Record the consents that are not there yet.

    :param date today: they were given within the year before it, and before now
    """
    day = min(today, date.today())
    source = env["hospitality.source"].search([("code", "=", SOURCE)])
    profiles = env["hospitality.profile"].search([("source_id", "=", source.id), ("kind", "=", "person")], order="id")
    purpose = env.ref("hospitality_crm.purpose_marketing")
    entries = []
    for profile in profiles:
        guest = profile.partner_id
        if is_minor(guest.guest_birthdate or None, today, 18):
            continue
        for channel, (agreed, refused) in SHARES.items():
            dice = zlib.crc32(f"{channel} {profile.external_id}".encode())
            if dice % 100 >= agreed + refused:
                continue
            entries.append(
                {
                    "profile_id": profile.id,
                    "channel": channel,
                    "decision": "granted" if dice % 100 < agreed else "denied",
                    "decided_at": datetime.combine(day, time(12))
                    - timedelta(days=1 + dice // 100 % 360, minutes=dice % 1440),
                    "external_ref": f"NEWSLETTER-{channel}",
                }
            )
    env["hospitality.consent.event"]._record_many(
        entries, purpose=purpose, method="import", source=source, evidence="Booking form, field NEWSLETTER"
    )
