import datetime

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

ROLE_GROUPS = {
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "service": "hospitality_crm.group_hospitality_service",
    "reception": "hospitality_crm.group_hospitality_reception",
    "marketing": "hospitality_crm.group_hospitality_marketing",
    "manager": "hospitality_crm.group_hospitality_manager",
    "dpo": "hospitality_crm.group_hospitality_dpo",
    "admin": "hospitality_crm.group_hospitality_admin",
}


class HospitalityCommon(TransactionCase):
    """A small readable world.

    ========  ===========  ==========================================
    property  company      guests
    ========  ===========  ==========================================
    palace    main         Anna Kovalenko (stay), Ben Smith (stay)
    bistro    main         Anna (table, check)
    harbour   second       Carla Rossi (stay)
    ========  ===========  ==========================================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.company_2 = cls.env["res.company"].create({"name": "Second House"})
        cls.source = cls.env["hospitality.source"].create({"name": "PMS", "code": "t_pms", "kind": "pms"})
        cls.source_pos = cls.env["hospitality.source"].create(
            {"name": "POS", "code": "t_pos", "kind": "pos", "trust": 30}
        )
        Property = cls.env["hospitality.property"]
        common = {"tz": "Europe/Kyiv", "currency_id": cls.company.currency_id.id}
        cls.palace = Property.create({"name": "Palace", "code": "T-PAL", **common})
        cls.bistro = Property.create({"name": "Bistro", "code": "T-BIS", "kind": "restaurant", **common})
        cls.harbour = Property.create({"name": "Harbour", "code": "T-HAR", "company_id": cls.company_2.id, **common})
        cls.anna, cls.ben, cls.carla = (
            cls._create_guest(name, email)
            for name, email in (
                ("Anna Kovalenko", "anna@kovalenko.example"),
                ("Ben Smith", "ben@smith.example"),
                ("Carla Rossi", "carla@rossi.example"),
            )
        )
        cls.stay_anna = cls._create_stay(cls.anna, cls.palace, amount_room=300, amount_total=300)
        cls.stay_ben = cls._create_stay(cls.ben, cls.palace)
        cls.stay_carla = cls._create_stay(cls.carla, cls.harbour)

    @classmethod
    def _create_guest(cls, name, email, **values):
        return cls.env["res.partner"].create({"name": name, "email": email, "is_guest": True, **values})

    @classmethod
    def _create_stay(cls, guest, prop, arrival=None, nights=2, **values):
        arrival = arrival or datetime.date.today() - datetime.timedelta(days=10)
        return cls.env["hospitality.stay"].create(
            {
                "partner_id": guest.id,
                "property_id": prop.id,
                "currency_id": prop.currency_id.id,
                "arrival": arrival,
                "departure": arrival + datetime.timedelta(days=nights),
                "status": "checked_out",
                **values,
            }
        )

    @classmethod
    def _create_role_user(cls, role, **values):
        return new_test_user(
            cls.env,
            login=f"t_{role}",
            groups=ROLE_GROUPS[role],
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **values,
        )
