from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestMapping(ConnectorCommon):
    def _mapping(self, kind, code):
        return self.env["hospitality.connector.mapping"].search(
            [("connector_id", "=", self.connector.id), ("kind", "=", kind), ("code", "=", code)]
        )

    def _raw_status(self, key, word):
        return {**self._stay(key), "status": None, "status_raw": word}

    def test_unknown_status_waits_until_it_is_mapped(self):
        records = self._send(self._raw_status("S1", "DUE IN"), self._raw_status("S2", "DUE IN"))
        self.assertEqual(set(records.mapped("state")), {"quarantined"})
        self.assertEqual(set(records.mapped("error_code")), {"unknown_status"})
        mapping = self._mapping("stay_status", "DUE IN")
        self.assertEqual((mapping.state, mapping.seen_count), ("unmapped", 2))
        mapping.target = "reserved"
        mapping.action_confirm()
        self.assertEqual(set(records.mapped("state")), {"new"})
        self.connector._process()
        self.assertEqual(set(records.mapped("state")), {"done"})
        self.assertEqual((self._stay_of("S1").status, self._stay_of("S1").status_raw), ("reserved", "DUE IN"))

    def test_lenient_connector_keeps_the_word(self):
        self.connector.strict_status = False
        record = self._send(self._raw_status("S1", "DUE IN"))
        stay = self._stay_of("S1")
        self.assertEqual((record.state, stay.status, stay.status_raw), ("done", "unknown", "DUE IN"))
        self.assertEqual(stay.warnings, ["stay_status:DUE IN"])
        mapping = self._mapping("stay_status", "DUE IN")
        mapping.target = "in_house"
        mapping.action_confirm()
        self.connector._process()
        stay.invalidate_recordset()
        self.assertEqual((stay.status, stay.warnings), ("in_house", False))

    def test_unknown_codes_stay_raw_until_mapped(self):
        record = self._send(self._stay("S1", room_type="DBLX", channel="NEW"))
        stay = self._stay_of("S1")
        self.assertEqual(record.state, "done")
        self.assertEqual(stay.warnings, ["room_type:DBLX", "channel:NEW"])
        mapping = self._mapping("room_type", "DBLX")
        mapping.target = "DBL"
        mapping.action_confirm()
        self.connector._process()
        stay.invalidate_recordset()
        self.assertEqual((stay.room_type_id, stay.warnings), (self.room_type, ["channel:NEW"]))

    def test_unknown_department_counts_as_other(self):
        self._send(self._stay("S1"), self._charge("L1", "S1", department="MINIBAR", amount_gross="5"))
        charge = self._find("hospitality.charge", "L1")
        self.assertEqual(charge.department, "other")
        self.assertTrue(self._mapping("department", "MINIBAR"))

    def test_mapped_property_and_currency(self):
        for kind, code, target in (("property", "HOTEL1", "C-PAL"), ("currency", "EU", "EUR")):
            self.env["hospitality.connector.mapping"].create(
                {
                    "connector_id": self.connector.id,
                    "kind": kind,
                    "code": code,
                    "target": target,
                    "state": "confirmed",
                }
            )
        record = self._send(self._stay("S1", property="HOTEL1", currency="EU", amount_total="3"))
        self.assertEqual(record.state, "done", record.error_message)
        self.assertEqual((self._stay_of("S1").property_id, self._stay_of("S1").currency_id), (self.hotel, self.euro))

    def test_confirmed_mapping_must_lead_somewhere(self):
        values = {"connector_id": self.connector.id, "code": "X", "state": "confirmed"}
        Mapping = self.env["hospitality.connector.mapping"]
        for kind, target in (("stay_status", "perhaps"), ("room_type", "NONE"), ("channel", False)):
            with self.assertRaises(ValidationError):
                Mapping.create({**values, "kind": kind, "target": target})

    def test_proposals_are_not_used(self):
        self.env["hospitality.connector.mapping"].create(
            {
                "connector_id": self.connector.id,
                "kind": "stay_status",
                "code": "DUE IN",
                "target": "reserved",
                "state": "proposed",
            }
        )
        self.assertEqual(self._send(self._raw_status("S1", "DUE IN")).state, "quarantined")

    def _unmapped(self, kind, code):
        return self.env["hospitality.connector.mapping"].create(
            {"connector_id": self.connector.id, "kind": kind, "code": code}
        )

    def test_words_that_are_known_elsewhere_are_proposed(self):
        for kind, code, target in (
            ("stay_status", "Checked-Out", "checked_out"),
            ("stay_status", "Скасовано", "cancelled"),
            ("method", "Credit card", "card"),
            ("room_type", "dbl", "DBL"),
            ("room_type", "Doubel", "DBL"),
            ("currency", "eur", "EUR"),
        ):
            mapping = self._unmapped(kind, code)
            mapping._propose()
            self.assertEqual((mapping.target, mapping.state), (target, "proposed"), code)

    def test_what_is_not_clear_is_left_to_a_person(self):
        for name in ("Sea View Double", "Sea View Doubles"):
            self.env["hospitality.room.type"].create(
                {"name": name, "code": name[:14].replace(" ", "") + name[-1], "property_id": self.hotel.id}
            )
        for kind, code in (("room_type", "Sea Vew Doubl"), ("room_type", "XYZ"), ("stay_status", "in limbo")):
            mapping = self._unmapped(kind, code)
            mapping._propose()
            self.assertEqual((mapping.target, mapping.state), (False, "unmapped"), code)

    def test_proposal_means_nothing_before_it_is_confirmed(self):
        mapping = self._unmapped("stay_status", "Checked-Out")
        mapping._propose()
        self.assertFalse(self.connector._get_code_map())
        mapping.action_confirm()
        self.assertEqual(self.connector._get_code_map(), {("stay_status", "Checked-Out"): "checked_out"})
