from odoo import fields

from .common import HospitalityCommon

CLEAR = [
    {"code": "prior", "weight": -2.3, "left": "", "right": ""},
    {"code": "given.same", "weight": 1.0, "left": "nina", "right": "nina"},
    {"code": "family.same", "weight": 0.6, "left": "petrova", "right": "petrova"},
    {"code": "phone.same_1", "weight": 5.5, "left": "+380441110001", "right": "+380441110001"},
]
AGAINST = [*CLEAR, {"code": "birth.differs", "weight": -5.2, "left": "1980-01-01", "right": "1990-02-02"}]


class ReviewCommon(HospitalityCommon):
    """Guests whom two sources know, and pairs of them to decide about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: cls._create_role_user(role) for role in ("manager", "reception", "service", "marketing")}
        cls.reception, cls.manager = cls.users["reception"], cls.users["manager"]

    @classmethod
    def _create_known(cls, name, source=None, **values):
        """Return a guest that a source knows by exactly these values."""
        guest = cls.env["res.partner"].create({"name": name, "is_guest": True})
        cls.env["hospitality.profile"].create(
            {"source_id": (source or cls.source).id, "partner_id": guest.id, "values": {"name": name, **values}}
        )
        return guest

    @classmethod
    def _create_twins(cls, name, number, **values):
        """Return two guests of one name and number, the second known by the POS."""
        phone = {"phones": [f"+38044111{number:04}"]}
        return cls._create_known(name, **phone, **values), cls._create_known(name, cls.source_pos, **phone, **values)

    @classmethod
    def _propose(cls, guest, other, score=5.0, band="ask", evidence=CLEAR, **values):
        def profile(partner):
            return partner.profile_ids.filtered(lambda found: found.source_id.kind != "odoo")[:1]

        one, two = sorted((profile(guest), profile(other)), key=lambda found: found.id)
        return cls.env["hospitality.match"].create(
            {
                "profile_id": one.id,
                "other_profile_id": two.id,
                "partner_id": one.partner_id.id,
                "other_partner_id": two.partner_id.id,
                "score": score,
                "band": band,
                "evidence": evidence,
                "found_at": fields.Datetime.now(),
                **values,
            }
        )

    def _review(self, user=None):
        return self.env["hospitality.match.review"].with_user(user or self.manager)

    def _case(self, *guests, user=None):
        """Return the case with these guests."""
        wanted = {guest.id for guest in guests}
        for case in self._review(user).get_queue(limit=20)["cases"]:
            if {guest["id"] for guest in case["guests"]} == wanted:
                return case
        return self.fail(f"No case of {wanted}")
