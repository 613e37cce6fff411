import json

from odoo.tests import HttpCase, new_test_user, tagged

from .hook_common import HookCommon

TOKEN = "a-token-of-opera-with-32-characters"


@tagged("post_install", "-at_install")
class TestOhipOutbound(HookCommon, HttpCase):
    """OPERA looks up guests at the address of the connector."""

    def setUp(self):
        super().setUp()
        self.connector.write(
            {"adapter": "ohip", "settings": {"external_system": "CRMSYS", "hotel_id": "H1", "chain": "CHA"}}
        )
        self.connector._set_secret("outbound_token", TOKEN)
        self.user = new_test_user(self.env, "opera", groups="hospitality_crm.group_hospitality_reception")
        self.connector.lookup_user_id = self.user
        self.source = self.connector.source_id
        self._send_guest("P1", given_name="Inês", family_name="Almeida", emails=["ines@mail.example"], city="Évora")
        self._send_guest(
            "P2", given_name="Rui", family_name="Almeida", vip="VIP1", memberships=[{"program": "CLUB", "number": "77"}]
        )
        self.env.flush_all()

    def _send_guest(self, key, **values):
        other = self.connector.copy({"name": key, "adapter": "canonical", "settings": {}})
        self._send({"entity": "guest", "external_id": key, "values": values}, connector=other)

    def _ask(self, rest, token=TOKEN, method="GET"):
        headers = {"Authorization": f"Bearer {token}", "x-app-key": "k"}
        return self._post(b"", headers, f"{self.path}/crm/v1/externalSystems/CRMSYS/{rest}", method)

    def _partner(self, key):
        return self._profile(key).partner_id

    def _profile(self, key):
        return self.env["hospitality.profile"].search([("source_id", "=", self.source.id), ("external_id", "=", key)])

    def _found(self, response):
        self.assertEqual(response.status_code, 200, response.text)
        found = response.json()["externalProfileSummaries"]
        return found["totalRows"], [one["profileIdList"][0]["id"] for one in found["profileInfo"]]

    def _logged(self):
        return self.env["hospitality.access.log"].search(
            [("user_id", "=", self.user.id), ("details", "=like", "OPERA: %")]
        )

    def test_search_by_name_contact_and_membership(self):
        first, second = (str(self._partner(key).id) for key in ("P1", "P2"))
        search = "chains/CHA/externalProfiles?"
        self.assertEqual(self._found(self._ask(f"{search}name=Almeida")), (2, [first, second]))
        self.assertEqual(self._found(self._ask(f"{search}name=almeida&givenName=ines")), (1, [first]))
        self.assertEqual(self._found(self._ask(f"{search}communication=ines@mail.example")), (1, [first]))
        self.assertEqual(self._found(self._ask(f"{search}membershipNumber=77")), (1, [second]))
        self.assertEqual(self._found(self._ask(f"{search}profileId={second}")), (1, [second]))
        self.assertEqual(self._found(self._ask(f"{search}name=Almeida&city=%C3%89vora")), (1, [first]))
        self.assertEqual(self._ask(f"{search}name=Nobody").status_code, 204)
        self.assertEqual(self._ask(f"{search}name=Almeida&city=%25").status_code, 204)

    def test_who_was_seen_is_noted(self):
        self._ask("chains/CHA/externalProfiles?name=Almeida&givenName=Rui")
        self._ask(f"chains/CHA/externalProfiles/{self._partner('P1').id}")
        found = self._logged().sorted("id")
        self.assertEqual(found.mapped("details"), ["OPERA: search", "OPERA: download"])
        self.assertEqual([list(row.guest_ids) for row in found], [self._partner("P2").ids, self._partner("P1").ids])

    def test_download(self):
        response = self._ask(f"chains/CHA/externalProfiles/{self._partner('P2').id}")
        details = response.json()["profileDetails"]
        self.assertEqual(details["customer"]["personName"][0]["surname"], "Almeida")
        self.assertEqual(details["customer"]["vipStatus"], "VIP1")
        self.assertEqual(details["profileMemberships"]["profileMembership"][0]["membershipId"], "77")
        for key in ("0", "999999999", "x", "1;2"):
            self.assertEqual(self._ask(f"chains/CHA/externalProfiles/{key}").status_code, 404, key)
        staff = self.env.user.partner_id
        self.assertFalse(staff.is_guest)
        self.assertEqual(self._ask(f"chains/CHA/externalProfiles/{staff.id}").status_code, 404)

    def test_merged_guest_is_found_under_his_old_number(self):
        lost, left = self._partner("P1"), self._partner("P2")
        self.env["hospitality.merge"]._merge_groups([(left.id, [lost.id], {})])
        self.env.flush_all()
        response = self._ask(f"chains/CHA/externalProfiles/{lost.id}")
        self.assertEqual(response.json()["profileIdList"][0]["id"], str(left.id))

    def test_membership(self):
        key = self._partner("P2").id
        path = f"profiles/{key}/memberships?membershipType=CLUB&membershipId=77"
        self.assertEqual(self._ask(path).json()["memberInfo"]["memberInfoDetails"]["guestTotalStay"], 0)
        self.assertEqual(self._ask(f"profiles/{key}/memberships?membershipId=78").status_code, 404)
        number = "chains/CHA/validateMembershipNumber?membershipType=CLUB&membershipNo="
        self.assertEqual(self._ask(f"{number}77").status_code, 200)
        self.assertEqual(self._ask(f"{number}78").status_code, 204)

    def test_who_may_not_ask(self):
        path = "chains/CHA/externalProfiles?name=Almeida"
        for token in ("", "x", TOKEN[:-1], f"{TOKEN}x"):
            self.assertEqual(self._ask(path, token).status_code, 401, token)
        self.connector.lookup_user_id = new_test_user(self.env, "nobody", groups="base.group_user")
        self.assertEqual(self._ask(path).status_code, 403)
        self.connector.lookup_user_id = self.user
        self.user.active = False
        self.assertEqual(self._ask(path).status_code, 403)
        self.connector.lookup_user_id = False
        self.assertEqual(self._ask(path).status_code, 403)
        self.assertFalse(self._logged())

    def test_guests_of_other_companies_are_not_shown(self):
        other = self.env["res.company"].create({"name": "Other Group"})
        partner = self._partner("P1")
        partner.company_id = other
        self.env.flush_all()
        self.assertEqual(
            self._found(self._ask("chains/CHA/externalProfiles?name=Almeida")), (1, [str(self._partner("P2").id)])
        )
        self.assertEqual(self._ask(f"chains/CHA/externalProfiles/{partner.id}").status_code, 404)

    def test_nothing_is_taken(self):
        response = self._ask("chains/CHA/enrollments", method="POST")
        self.assertEqual((response.status_code, json.loads(response.text)["o:errorCode"]), (405, "CRM-405"))
        self.assertFalse(self._rows())
