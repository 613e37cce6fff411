import json

from lxml import etree

from odoo.tests import HttpCase, tagged

from .hook_common import HookCommon

CARD = "4444333322221111"
LOGIN = "smx:Str0ng!Pass#1"
OTA = "http://www.opentravel.org/OTA/2003/05"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
MESSAGE = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="{SOAP}"><s:Header><w:Security xmlns:w="{WSSE}"><w:UsernameToken>
<w:Username>%s</w:Username><w:Password>%s</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>
<OTA_HotelResNotifRQ xmlns="{OTA}" Version="1.0" TimeStamp="2026-11-22T08:00:00Z" EchoToken="%s"><HotelReservations>
<HotelReservation ResStatus="Reserved" LastModifyDateTime="2026-11-22T08:00:00Z"><UniqueID Type="14" ID="SMX-1"/>
<RoomStays><RoomStay IndexNumber="1"><RoomTypes><RoomType RoomTypeCode="DBL"/></RoomTypes>
<TimeSpan Start="2027-05-01" End="2027-05-03"/><Guarantee><GuaranteesAccepted><GuaranteeAccepted>
<PaymentCard CardCode="VI" CardNumber="{CARD}" ExpireDate="1229"/></GuaranteeAccepted></GuaranteesAccepted></Guarantee>
<Total AmountAfterTax="240.50" CurrencyCode="EUR"/></RoomStay></RoomStays>
<ResGuests><ResGuest><Profiles><ProfileInfo><Profile><Customer><PersonName><GivenName>Ann</GivenName>
<Surname>Müller</Surname></PersonName><Email Remark="newsletter:no">ann.mueller@mail.example</Email></Customer>
</Profile></ProfileInfo></Profiles></ResGuest></ResGuests>
<ResGlobalInfo><BasicPropertyInfo HotelCode="%s"/></ResGlobalInfo>
</HotelReservation></HotelReservations></OTA_HotelResNotifRQ></s:Body></s:Envelope>"""


@tagged("post_install", "-at_install")
class TestHookVendors(HookCommon, HttpCase):
    """What vendors send, through the real route."""

    def _speak(self, adapter, secrets, settings=None):
        self.connector.write({"adapter": adapter, "settings": settings or {}})
        for name, value in secrets.items():
            self.connector._set_secret(name, value)

    def _push(self, echo="e1", hotel="H1", login=LOGIN):
        user, _colon, password = login.partition(":")
        body = (MESSAGE % (user, password, echo, hotel)).encode()
        return self._post(body, {"Content-Type": "text/xml; charset=utf-8"})

    def _answer(self, response):
        self.assertEqual(response.status_code, 200)
        self.assertIn("application/xml", response.headers["Content-Type"])
        return etree.fromstring(response.content)[1][0]

    def test_reservation_over_soap(self):
        self._speak("ota", {"hook_login": LOGIN}, {"hotel": "H1"})
        answer = self._answer(self._push())
        self.assertEqual((etree.QName(answer).localname, answer.get("EchoToken")), ("OTA_HotelResNotifRS", "e1"))
        self.assertIsNotNone(answer.find(f"{{{OTA}}}Success"))
        self._answer(self._push(echo="e2"))
        row = self._rows()
        self.assertEqual((len(row), row.external_id), (1, "SMX-1"))
        self.assertNotIn(CARD, row.body)
        self.assertNotIn("1229", row.body)
        self.connector._process()
        self.assertEqual(row.state, "done")
        stay = self.env["hospitality.stay"].search([("source_id", "=", self.source.id)])
        self.assertEqual((stay.status, stay.room_type_id, stay.amount_total), ("reserved", self.room_type, 240.5))
        self.assertEqual(stay.partner_id.name, "Ann Müller")
        consent = self.env["hospitality.consent.delivery"].search([("source_id", "=", self.source.id)])
        self.assertEqual(consent.mapped("state"), ["denied"])

    def test_reservation_of_another_hotel_is_refused_in_the_message(self):
        self._speak("ota", {"hook_login": LOGIN}, {"hotel": "H1"})
        answer = self._answer(self._push(hotel="H2"))
        error = answer.find(f"{{{OTA}}}Errors/{{{OTA}}}Error")
        self.assertEqual((error.get("Code"), answer.get("EchoToken")), ("392", "e1"))
        row = self._rows()
        self.assertEqual((row.state, row.error_code), ("quarantined", "hotel"))
        for secret in (CARD, "1229", "Str0ng"):
            self.assertNotIn(secret, row.body)
        self.assertIn("SMX-1", row.body)

    def test_wrong_password_in_the_envelope(self):
        self._speak("ota", {"hook_login": LOGIN})
        for login in ("smx:wrong", "other:Str0ng!Pass#1", ":"):
            self.assertEqual(self._push(login=login).status_code, 401)
        self.assertFalse(self._rows())

    def test_array_with_a_poisoned_event(self):
        self._speak("exely", {"hook_token": "key-1"}, {"property_id": "500360"})
        events = [{"eventType": "webpms:check_in", "payload": {"BookingNumber": f"n{n}"}} for n in range(999)]
        events.insert(500, {"payload": [None]})
        body = json.dumps(events).encode()
        self.assertEqual(self._post(body, {"API-KEY": "another"}).status_code, 401)
        self.assertEqual(self._post(body, {"API-KEY": "key-1"}).status_code, 200)
        hints = self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((len(hints), set(hints.mapped("entity"))), (999, {"booking"}))

    def test_events_at_a_secret_address(self):
        self._speak("mews", {}, {"enterprise": "E1"})
        events = [
            {"Discriminator": word, "Value": {"Id": "c1"}} for word in ("CustomerAdded", "CustomerUpdated", "Other")
        ]
        body = {"EnterpriseId": "E1", "IntegrationId": "I1", "Events": events}
        self.assertEqual(self._post(body, {}).status_code, 200)
        self.assertEqual(self._post({**body, "EnterpriseId": "E2"}, {}).status_code, 200)
        hint = self.env["hospitality.connector.hint"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((hint.entity, hint.external_id), ("guest", "c1"))
        self.assertEqual(self._post(body, {}, path=self.path[:-1] + "x").status_code, 404)
