import json

from odoo.tests import TransactionCase
from odoo.tools import SQL

from ..engine.adapter import Raw

FACTS = (
    "hospitality_profile",
    "hospitality_contact_point",
    "hospitality_contact_link",
    "hospitality_booking",
    "hospitality_reservation",
    "hospitality_stay",
    "hospitality_stay_guest",
    "hospitality_check",
    "hospitality_charge",
    "hospitality_payment",
    "res_partner",
)


class ConnectorCommon(TransactionCase):
    """A hotel with one room type and a connector for canonical events of its PMS."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.euro, cls.dollar = cls.env.ref("base.EUR"), cls.env.ref("base.USD")
        (cls.euro | cls.dollar).active = True
        cls.hotel = cls.env["hospitality.property"].create(
            {
                "name": "Palace",
                "code": "C-PAL",
                "tz": "Europe/Kyiv",
                "currency_id": cls.euro.id,
                "country_id": cls.env.ref("base.ua").id,
            }
        )
        cls.room_type = cls.env["hospitality.room.type"].create(
            {"name": "Double", "code": "DBL", "property_id": cls.hotel.id}
        )
        cls.source = cls.env["hospitality.source"].create({"name": "PMS", "code": "c_pms"})
        cls.connector = cls.env["hospitality.connector"].create(
            {"name": "PMS", "source_id": cls.source.id, "property_id": cls.hotel.id}
        )
        cls.Inbox = cls.env["hospitality.connector.inbox"]

    def _send(self, *messages, connector=None, process=True):
        """Store each message (an event or a list of events) and process the inbox; return its rows."""
        connector = connector or self.connector
        raws = []
        for message in messages:
            first = message if isinstance(message, dict) else message[0]
            raws.append(Raw(first["entity"], str(first["external_id"]), json.dumps(message)))
        ids = connector._store(raws)
        if process:
            connector._process()
        return self.Inbox.browse(ids)

    def _guest(self, key, version=1, **values):
        return {"entity": "guest", "external_id": key, "version": version, "values": values}

    def _stay(self, key, version=1, **values):
        return {
            "entity": "stay",
            "external_id": key,
            "version": version,
            "arrival": "2025-02-01",
            "departure": "2025-02-04",
            "status": "reserved",
            **values,
        }

    def _charge(self, key, parent, version=1, **values):
        return {
            "entity": "charge",
            "external_id": key,
            "version": version,
            "stay": parent,
            "name": "Item",
            "department": "room",
            **values,
        }

    def _find(self, model, key):
        return self.env[model].search([("source_id", "=", self.source.id), ("external_id", "=", key)])

    def _profile(self, key):
        return self._find("hospitality.profile", key)

    def _stay_of(self, key):
        return self._find("hospitality.stay", key)

    def _written(self):
        """Return how many rows of the fact tables this session has inserted, updated and deleted."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
                " WHERE relname = ANY(%s)",
                list(FACTS),
            )
        )
        return dict(rows)
