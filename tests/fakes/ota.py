"""An AlpineBits server with a queue of guest requests, and senders who push them: as SOAP, as plain XML, as a form."""

import base64
import datetime
import hashlib
import json
import time
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from .fake import Answer, Fake, route

UTC = datetime.timezone.utc
OTA = "http://www.opentravel.org/OTA/2003/05"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
#: What messages to an AlpineBits server are made of: element: (children in their order, needed and other attributes).
GRAMMAR = {
    "OTA_PingRQ": (["EchoData"], {"Version"}, {"TimeStamp"}),
    "EchoData": ([], set(), set()),
    "OTA_ReadRQ": (["ReadRequests"], {"Version"}, {"TimeStamp"}),
    "ReadRequests": (["HotelReadRequest"], set(), set()),
    "HotelReadRequest": (["SelectionCriteria?"], set(), {"HotelCode", "HotelName"}),
    "SelectionCriteria": ([], {"Start"}, set()),
    "OTA_NotifReportRQ": (["Success", "Warnings?", "NotifDetails?"], {"Version"}, {"TimeStamp"}),
    "Success": ([], set(), set()),
    "NotifDetails": (["HotelNotifReport"], set(), set()),
    "HotelNotifReport": (["HotelReservations"], set(), set()),
    "HotelReservations": (["HotelReservation+"], set(), set()),
    "HotelReservation": (["UniqueID"], set(), set()),
    "UniqueID": ([], {"Type", "ID"}, set()),
}


def faults_of(element):
    """Return what a message has that its grammar doesn't allow."""
    name = element.tag.removeprefix(f"{{{OTA}}}")
    if name not in GRAMMAR:
        return [f"unknown {element.tag}"]
    children, needed, others = GRAMMAR[name]
    faults = [f"{name} lacks {one}" for one in needed - element.attrib.keys()]
    faults += [f"{name} has {one}" for one in element.attrib.keys() - needed - others]
    names = [child.tag.removeprefix(f"{{{OTA}}}") for child in element]
    for child in children:
        plain, count = child.rstrip("?+"), names.count(child.rstrip("?+"))
        if (count == 0 and not child.endswith("?")) or (count > 1 and not child.endswith("+")):
            faults.append(f"{name} has {count} {plain}")
    order = [child.rstrip("?+") for child in children]
    places = [order.index(one) if one in order else -1 for one in names]
    if -1 in places or places != sorted(places):
        faults.append(f"{name} holds {names}")
    for child in element:
        faults += faults_of(child)
    return faults


def reservation(key, state="Reserved", kind="14", made="2026-11-20T10:00:00+01:00", rooms=None, guest=None, **more):
    """Return the XML of one reservation.

    :param rooms: list of dicts ``start end code adults ages total currency card index rphs extra``; [] for none
    :param guest: dict ``given family email remark phone key lang extra``
    """
    rooms = [{}] if rooms is None else rooms
    attributes = {"CreateDateTime": made, "ResStatus": state, "LastModifyDateTime": more.get("modified")}
    parts = [f'<UniqueID Type="{kind}" ID={quoteattr(key)}/>']
    if rooms:
        parts.append(f"<RoomStays>{''.join(map(room_stay, rooms))}</RoomStays>")
    if guest is not None:
        parts.append(f"<ResGuests>{more.get('guests') or res_guest(guest)}</ResGuests>")
    hotel = more.get("hotel", "123")
    parts.append(
        "<ResGlobalInfo>"
        f"{more.get('info', '')}"
        "<HotelReservationIDs><HotelReservationID ResID_Type='13' ResID_Value='Slogan' ResID_Source='portal.example'/>"
        f"</HotelReservationIDs>{more.get('profiles', '')}<BasicPropertyInfo HotelCode='{hotel}'/></ResGlobalInfo>"
    )
    shown = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<HotelReservation{shown}>{''.join(parts)}</HotelReservation>"


def room_stay(room):
    index = f" IndexNumber='{room['index']}'" if "index" in room else ""
    counts = f"<GuestCount Count='{room.get('adults', 2)}'/>"
    counts += "".join(f"<GuestCount Count='1' Age='{age}'/>" for age in room.get("ages", ()))
    card = room.get("card") and (
        "<Guarantee><GuaranteesAccepted><GuaranteeAccepted><PaymentCard CardCode='VI' ExpireDate='1229'>"
        f"<CardHolderName>Ann Other</CardHolderName><CardNumber><PlainText>{room['card']}</PlainText></CardNumber>"
        "</PaymentCard></GuaranteeAccepted></GuaranteesAccepted></Guarantee>"
    )
    rphs = "".join(f"<ResGuestRPH RPH='{mark}'/>" for mark in room.get("rphs", ()))
    span = (
        room.get("span")
        or f"<TimeSpan Start='{room.get('start', '2026-12-10')}' End='{room.get('end', '2026-12-12')}'/>"
    )
    return (
        f"<RoomStay{index}><RoomTypes><RoomType RoomTypeCode='{room.get('code', 'DBL')}'/></RoomTypes>"
        "<RatePlans><RatePlan RatePlanCode='BAR'><MealsIncluded MealPlanIndicator='true' MealPlanCodes='3'/></RatePlan>"
        f"</RatePlans><GuestCounts>{counts}</GuestCounts>{span}{card or ''}"
        f"<Total AmountAfterTax='{room.get('total', '299')}' CurrencyCode='{room.get('currency', 'EUR')}'"
        f"{room.get('places', '')}/>"
        f"{f'<ResGuestRPHs>{rphs}</ResGuestRPHs>' if rphs else ''}{room.get('extra', '')}</RoomStay>"
    )


def res_guest(guest):
    mark = f" ResGuestRPH='{guest['rph']}'" if "rph" in guest else ""
    key = f"<UniqueID Type='1' ID='{guest['key']}'/>" if "key" in guest else ""
    remark = f" Remark='newsletter:{guest['remark']}'" if "remark" in guest else ""
    email = f"<Email{remark}>{escape(guest['email'])}</Email>" if "email" in guest else ""
    return (
        f"<ResGuest{mark}><Profiles><ProfileInfo>{key}<Profile><Customer Language='{guest.get('lang', 'de')}'>"
        f"<PersonName><GivenName>{escape(guest.get('given', 'Ann'))}</GivenName>"
        f"<Surname>{escape(guest.get('family', 'Other'))}</Surname></PersonName>"
        f"<Telephone PhoneTechType='5' PhoneNumber='{guest.get('phone', '+4934567893')}'/>"
        f"{email}{guest.get('extra', '')}</Customer></Profile></ProfileInfo></Profiles></ResGuest>"
    )


def notification(*reservations, echo="abc123", at="2026-11-22T08:00:00Z", pos="", root="OTA_HotelResNotifRQ"):
    token = f" EchoToken='{echo}'" if echo else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><{root} xmlns='{OTA}' Version='1.0' TimeStamp='{at}'{token}>{pos}"
        f"<HotelReservations>{''.join(reservations)}</HotelReservations></{root}>"
    )


def envelope(message, login=None, digest_at=None):
    """Return a message in SOAP 1.1.

    :param login: ``user:password`` in the header
    :param digest_at: time (aware) of a password that is sent as a hash
    """
    header = ""
    if login:
        user, _colon, password = login.partition(":")
        shown = f"<w:Password>{escape(password)}</w:Password>"
        if digest_at:
            made, nonce = digest_at.strftime("%Y-%m-%dT%H:%M:%SZ"), b"nonce-1"
            digest = base64.b64encode(hashlib.sha1(nonce + made.encode() + password.encode()).digest()).decode()
            shown = (
                f"<w:Password Type='{DIGEST}'>{digest}</w:Password>"
                f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created xmlns:u='{WSU}'>{made}</u:Created>"
            )
        token = f"<w:UsernameToken><w:Username>{escape(user)}</w:Username>{shown}</w:UsernameToken>"
        header = f"<w:Security xmlns:w='{WSSE}'>{token}</w:Security>"
    message = message.partition("?>")[2] if message.startswith("<?xml") else message
    return f"<s:Envelope xmlns:s='{SOAP}'><s:Header>{header}</s:Header><s:Body>{message}</s:Body></s:Envelope>"


class Ota(Fake):
    """:ivar queue: keys of requests that were not acknowledged, in their order
    :ivar versions: what the server speaks
    :ivar is_strict: whether versions that it doesn't know are refused at once
    :ivar faults: what was wrong in messages to it
    """

    code = "ota"

    def __init__(self):
        super().__init__()
        self.requests = {}
        self.made = {}
        self.queue = []
        self.versions = ["2018-10", "2020-10", "2022-10"]
        self.is_strict = False
        self.faults = []
        self.messages = []
        self.error = None

    def settings(self):
        return {"url": f"{self.url}/alpinebits", "mode": "pull", "user": "hotel", "hotel": "123", "version": "auto"}

    def secrets(self):
        return {"password": "p1"}

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.skew, UTC)

    # State

    def put(self, key, at=None, **fields):
        """Put a request into the queue, or a change of one."""
        with self.lock:
            self.requests[key] = fields
            self.made[key] = at or self.now()
            if key not in self.queue:
                self.queue.append(key)
        return key

    def grow(self, count, at=None):
        keys = []
        for _index in range(count):
            number = len(self.requests)
            guest = {"given": f"Given{number}", "family": f"Family{number}", "email": f"g{number}@mail.example"}
            keys.append(self.put(uuid.uuid4().hex, at, state="Reserved", guest={**guest, "remark": "yes"}))
        return keys

    def touch(self, key):
        fields = self.requests[key]
        self.put(key, **{**fields, "state": "Modify", "rooms": [{"end": "2026-12-14"}]})

    def expected(self):
        found = {}
        for key, fields in self.requests.items():
            person = f"{key}:guest:1"
            names = fields["guest"]
            found["booking", key] = {"status": "reserved", "channel_ref": "Slogan", "booker": person}
            found["guest", person] = {
                "values": {
                    "given_name": names["given"],
                    "family_name": names["family"],
                    "emails": [names["email"]],
                    "phones": ["+4934567893"],
                    "lang": "de",
                }
            }
            found["consent", f"{person}:Email.Remark"] = {"state": "granted", "channel": "email"}
            found["stay", f"{key}:1"] = {
                "arrival": "2026-12-10",
                "departure": "2026-12-14" if fields["state"] == "Modify" else "2026-12-12",
                "adults": 2,
                "amount_total": "299",
                "currency": "EUR",
                "room_type": "DBL",
            }
        return found

    # Serving

    def authorize(self, call):
        if call.headers.get("authorization") == "Basic " + base64.b64encode(b"hotel:p1").decode():
            return None
        return Answer(401, b"ERROR:unknown or missing username or password")

    @route("POST", "/alpinebits")
    def serve(self, call):
        version = call.headers.get("x-alpinebits-clientprotocolversion")
        parts = self.parts_of(call)
        if not version or set(parts) != {"action", "request"}:
            return Answer(400, b"ERROR:missing parts")
        if self.is_strict and version not in self.versions:
            return Answer(200, b"ERROR:unknown version")
        try:
            message = ET.fromstring(parts["request"])
        except ET.ParseError:
            return Answer(400, b"ERROR:not XML")
        self.faults += faults_of(message)
        self.messages.append(parts["request"])
        actions = {
            b"OTA_Ping:Handshaking": ("OTA_PingRQ", self.ping),
            b"OTA_Read:GuestRequests": ("OTA_ReadRQ", self.hand_out),
            b"OTA_NotifReport:GuestRequests": ("OTA_NotifReportRQ", self.take_off),
        }
        expected, function = actions.get(parts["action"], (None, None))
        if message.tag != f"{{{OTA}}}{expected}":
            return Answer(400, b"ERROR:unknown or missing action")
        return Answer(200, function(message).encode(), {"Content-Type": "text/xml"})

    def parts_of(self, call):
        kind, _semicolon, mark = call.headers.get("content-type", "").partition("boundary=")
        parts = {}
        if kind.startswith("multipart/form-data") and mark:
            for chunk in call.body.split(b"--" + mark.encode())[1:-1]:
                head, _blank, content = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
                parts[head.decode().partition('name="')[2].partition('"')[0]] = content.removesuffix(b"\r\n")
        return parts

    def ping(self, message):
        echo = message.find(f"{{{OTA}}}EchoData").text
        offered = json.loads(echo)["versions"]
        ours = {"action_OTA_Ping", "action_OTA_Read"}
        common = [
            {"version": one["version"], "actions": [item for item in one["actions"] if item["action"] in ours]}
            for one in offered
            if one["version"] in self.versions
        ]
        return (
            f"<OTA_PingRS xmlns='{OTA}' Version='8.000'><Success/><Warnings>"
            f"<Warning Type='11' Status='ALPINEBITS_HANDSHAKE'>{escape(json.dumps({'versions': common}))}</Warning>"
            f"</Warnings><EchoData>{escape(echo)}</EchoData></OTA_PingRS>"
        )

    def hand_out(self, message):
        if self.error:
            error = f"<Errors><Error Type='13' Code='{self.error}'>no</Error></Errors>"
            return f"<OTA_ResRetrieveRS xmlns='{OTA}' Version='7.000'>{error}</OTA_ResRetrieveRS>"
        criteria = message.find(f".//{{{OTA}}}SelectionCriteria")
        if criteria is not None:
            start = datetime.datetime.fromisoformat(criteria.get("Start").replace("Z", "+00:00"))
            keys = [key for key, at in self.made.items() if at >= start]
        else:
            self.turn_page()
            keys = self.queue[: self.page_size]
        found = "".join(reservation(key, **self.requests[key]) for key in keys)
        shown = f"<ReservationsList>{found}</ReservationsList>"
        return f"<OTA_ResRetrieveRS xmlns='{OTA}' Version='7.000'><Success/>{shown}</OTA_ResRetrieveRS>"

    def take_off(self, message):
        done = {one.get("ID") for one in message.iter(f"{{{OTA}}}UniqueID")}
        self.queue = [key for key in self.queue if key not in done]
        return f"<OTA_NotifReportRS xmlns='{OTA}' Version='1.000'><Success/></OTA_NotifReportRS>"
