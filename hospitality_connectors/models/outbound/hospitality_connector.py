import json

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...engine.adapter import Reply
from ...engine.adapters import ohip_outbound

#: Beyond this many, the number of guests that a search finds is not counted.
MOST_COUNTED = 200


class HospitalityConnector(models.Model):
    """OPERA Cloud looks up guests: it searches, downloads one, and asks about memberships.

    Requests come below the connector's own address and are proven as all requests of vendors are. What is found is what
    the chosen user may see, and is noted in the access log under his name.
    """

    _inherit = "hospitality.connector"

    lookup_user_id = fields.Many2one(
        "res.users",
        string="Looks Up As",
        domain=[("share", "=", False)],
        help="OPERA sees the guests that this user may see. Make a user for it that nobody logs in with; without one "
        "nothing is shown.",
    )

    def _get_hook_reply(self, adapter, request, error=None):
        if adapter.code != "ohip" or request.method != "GET" or error is not None:
            return super()._get_hook_reply(adapter, request, error)
        try:
            return self._look_up(ohip_outbound.parse(request, self._get_settings()))
        except ohip_outbound.Refused as refusal:
            return refusal.reply
        except AccessError:
            return ohip_outbound.problem(403, "The user of the look-up may not see guests.")

    def _look_up(self, query):
        """Return the answer to a query of OPERA."""
        user = self.lookup_user_id
        if not user.active:
            return ohip_outbound.problem(403, "No user was chosen for the look-up.")
        company = self.company_id if self.company_id in user.company_ids else user.company_id
        Partner = self.env["res.partner"].with_user(user).with_company(company).with_context(tracking_disable=True)
        Partner.check_access("read")
        if query.kind == "search":
            return self._answer_search(query, Partner)
        guests = self._find_guests(Partner, query)
        if query.kind == "validate":
            return ohip_outbound.validate_reply(bool(guests))
        if not guests:
            return ohip_outbound.problem(404, "There is no such profile.")
        self._note_look_up(guests, query)
        values = self._get_external_profile(guests[0])
        if query.kind == "membership":
            return ohip_outbound.membership_reply(values, query)
        return ohip_outbound.download_reply(values)

    def _answer_search(self, query, Partner):
        if not query.is_enough():
            return ohip_outbound.search_reply(query, [], 0)
        domain = self._get_look_up_domain(query)
        guests = Partner.search(domain, limit=ohip_outbound.MOST)
        if not guests:
            return Reply(204)
        total = len(guests)
        if total == ohip_outbound.MOST:
            total = Partner.search_count(domain, limit=MOST_COUNTED)
        self._note_look_up(guests, query)
        return ohip_outbound.search_reply(query, [self._get_external_profile(guest) for guest in guests], total)

    def _find_guests(self, Partner, query):
        """Return the guest with a number, following merges, or those of a membership."""
        if query.kind == "validate":
            return Partner.search(self._get_look_up_domain(query), limit=1)
        if not query.key.isascii() or not query.key.isdigit() or len(query.key) > 9:
            return Partner
        partner = Partner.browse(int(query.key)).exists()
        target = partner.sudo().merged_into_id  # where he went; whether he may be seen is for the search to say
        guest = Partner.browse(target.id) if target else partner
        return Partner.search([("id", "in", guest.ids), ("is_guest", "=", True)], limit=1)

    def _get_look_up_domain(self, query):
        criteria = query.criteria
        domain = Domain("is_guest", "=", True)
        words = " ".join(filter(None, (criteria.get("given"), criteria.get("family"))))
        for text in filter(None, (words, criteria.get("contact"))):
            domain &= Domain("display_name", "ilike", text)
        if criteria.get("key"):
            key = criteria["key"]
            domain &= Domain("id", "=", int(key) if key.isascii() and key.isdigit() and len(key) < 10 else 0)
        for name, field in (("city", "city"), ("zip", "zip"), ("country", "country_id.code")):
            if criteria.get(name):
                domain &= Domain(field, "=ilike", _escape(criteria[name]))
        if criteria.get("birthdate"):
            domain &= Domain("guest_birthdate", "=", _to_date(criteria["birthdate"]))
        if criteria.get("number"):
            domain &= Domain("profile_ids", "any", Domain("id", "in", self._find_members(criteria)))
        return domain

    def _find_members(self, criteria):
        """Return the ids of the profiles with a membership; whether the user may see them is for the search to say."""
        member = {name: criteria[name] for name in ("number", "program") if criteria.get(name)}
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM hospitality_profile
                    WHERE "values" ? 'memberships' AND state IN ('live', 'superseded')
                      AND "values" -> 'memberships' @> %s::jsonb
                    LIMIT %s""",
                json.dumps([member]),
                MOST_COUNTED,
            )
        )
        return [row[0] for row in rows]

    def _get_external_profile(self, guest):
        """Return a guest as plain values, see ``engine.adapters.ohip_outbound``."""
        profiles = guest.profile_ids.filtered(lambda profile: profile.state == "live")
        known = [profile.values or {} for profile in profiles]
        points = profiles.link_ids.point_id
        metrics = guest.metrics_ids.filtered(lambda row: row.company_id == guest.env.company)[:1]
        members = {str(member): member for values in known for member in values.get("memberships") or ()}
        vips = [values["vip"] for values in known if values.get("vip")]
        return {
            "id": guest.id,
            "title": guest.guest_salutation,
            "given": guest.guest_given_name,
            "middle": guest.guest_middle_name,
            "family": guest.guest_family_name or (None if guest.is_company else guest.name),
            "local": guest.guest_local_name,
            "company": guest.name if guest.is_company else guest.company_name,
            "is_company": guest.is_company,
            "gender": guest.guest_gender,
            "birthdate": guest.guest_birthdate and guest.guest_birthdate.isoformat(),
            "lang": guest.guest_language,
            "nationality": guest.guest_nationality_id.code,
            "emails": _own_first(guest.email_normalized, points.filtered(lambda point: point.channel == "email")),
            "phones": _own_first(guest.phone_sanitized or guest.phone, points.filtered(lambda p: p.channel == "phone")),
            "street": guest.street,
            "street2": guest.street2,
            "zip": guest.zip,
            "city": guest.city,
            "state": guest.state_id.code,
            "country": guest.country_id.code,
            "vip": vips[0] if vips else None,
            "memberships": list(members.values()),
            "nights": metrics.night_count,
            "stays": metrics.stay_count,
        }

    def _note_look_up(self, guests, query):
        log = self.env["hospitality.access.log"].with_user(self.lookup_user_id)
        log._log("contact", guests, guests=guests, details=f"OPERA: {query.kind}")


def _own_first(value, points):
    """Return the address that the golden record shows, then the others."""
    return list(dict.fromkeys(filter(None, (value, *points.mapped("value")))))


def _escape(text):
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _to_date(text):
    try:
        return fields.Date.to_date(text)
    except ValueError:
        return False
