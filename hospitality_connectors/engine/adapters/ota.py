"""Reservations as OTA XML: pushed to us (SiteMinder and its like, AlpineBits push), or fetched (AlpineBits).

What is pushed is the record itself: it is stored before the sender gets his *Success*, and an error goes back in the
message, with status 200. What is fetched stays in the sender's queue until it is acknowledged, after it is stored.
"""

import base64
import json
import re
from datetime import datetime, time, timezone
from hashlib import blake2b
from zoneinfo import ZoneInfo

from lxml import etree

from ..adapter import (
    EVENTS,
    Adapter,
    Capabilities,
    Finding,
    Page,
    ParseError,
    Rate,
    Raw,
    Received,
    Reply,
    Setting,
    Stream,
    register,
)
from ..hook.verify import AnyOf, Basic
from ..network.errors import Declined, Denied, Failed, Strange
from ..redaction import without_cards
from . import ota_parse, ota_xml
from .ota_wsse import Wsse
from .ota_xml import attribute, element, kid, kids, name

#: Versions of AlpineBits that are spoken, the newest first.
VERSIONS = ("2024-10", "2022-10", "2020-10", "2018-10")
ACTIONS = ("action_OTA_Ping", "action_OTA_Read", "action_OTA_HotelResNotif_GuestRequests")
HANDSHAKE = "ALPINEBITS_HANDSHAKE"
XML = "application/xml"
#: Elements that are emptied before anything is stored.
SECRET = frozenset(
    "PaymentCard CardNumber SeriesCode CardHolderName MagneticStripe BankAcct Document UsernameToken "
    "RequestorID".split()
)
#: The same in what is no XML: from the beginning of such an element to its end, or that of the text.
_SECRETS = re.compile(rf"<((?:[\w.-]+:)?(?:{'|'.join(sorted(SECRET))}))(?=[\s/>]).*?(?:</\1\s*>|\Z)", re.DOTALL)
#: Attributes that are keys, however much they look like numbers of cards.
KEYS = frozenset("ID ResID_Value ResGuestRPH RPH MembershipID HotelCode".split())
#: Codes of OTA errors (list ERR): unable to process, invalid hotel code.
UNABLE, NO_HOTEL = "450", "392"


@register
class OtaAdapter(Adapter):
    code = "ota"
    name = "OTA XML (SiteMinder, AlpineBits)"
    settings = (
        Setting("mode", "Direction", default="push", choices=("push", "pull"), help="Who calls whom."),
        Setting("hotel", "Hotel Code", help="Of the hotel, where the connector serves one alone."),
        Setting(
            "hook_login",
            "Login of the Sender",
            secret=True,
            help="Push: user:password of ours that the sender enters; in the SOAP header or as HTTP Basic.",
        ),
        Setting("url", "Address", help="Pull: of the AlpineBits server."),
        Setting("user", "User", help="Pull: at the AlpineBits server."),
        Setting("password", "Password", secret=True, help="Pull: at the AlpineBits server."),
        Setting("version", "AlpineBits Version", default="auto", choices=("auto", *VERSIONS)),
    )
    rates = {"": (Rate(30, 60),)}
    hook = AnyOf(Basic(), Wsse())

    def capabilities(self):
        return Capabilities(
            frozenset(("guest", "booking", "stay", "consent")),
            cursor_kind="queue",
            guest_ids="per_booking",
            tz_mode="property_local",
            webhook="record",
            merge_signal="event",
        )

    # Fetching

    def streams(self, settings):
        if settings.get("mode") != "pull":
            return ()
        # A queue forgets what it has handed out: each night the requests of the last days are asked for once more.
        return (
            Stream("requests", "queue", windowed=False, every=120),
            Stream("again", "sweep", every=86_400, days=(-7, 0)),
        )

    def sign(self, ctx):
        login = f"{ctx.settings.get('user') or ''}:{ctx.secret('password')}"
        return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}

    def fetch_page(self, ctx, stream, window, cursor):
        criteria = []
        if window is not None:
            start = datetime.combine(window.start, time(), ZoneInfo(ctx.tz)).astimezone(timezone.utc)
            criteria = [element("SelectionCriteria", Start=f"{start:%Y-%m-%dT%H:%M:%SZ}")]
        request = element("HotelReadRequest", *criteria, HotelCode=ctx.settings.get("hotel"))
        message = element("OTA_ReadRQ", element("ReadRequests", request), Version="8.000")
        answer = self._ask(ctx, "OTA_Read:GuestRequests", message, "OTA_ResRetrieveRS")
        records, acks = [], []
        now = ctx.now().replace(tzinfo=None)
        for reservation in kids(answer, "ReservationsList", "HotelReservation"):
            records.append(_record(answer, reservation, now))
            acks.append(list(ota_parse.key_of(reservation)))
        if window is not None:
            return Page(records)
        return Page(records, None, bool(records), acks or None)

    def acknowledge(self, ctx, ack):
        done = [element("HotelReservation", element("UniqueID", Type=kind, ID=key)) for kind, key in ack]
        details = element("NotifDetails", element("HotelNotifReport", element("HotelReservations", *done)))
        message = element("OTA_NotifReportRQ", element("Success"), details, Version="1.000")
        self._ask(ctx, "OTA_NotifReport:GuestRequests", message, "OTA_NotifReportRS")

    def _ask(self, ctx, action, message, expected, version=None):
        """Send a message and return the root of the answer.

        :raise Denied: the server doesn't know us or the hotel
        :raise Strange: the answer is an error, or another message
        """
        version = version or self._version(ctx)
        kind, body = ota_xml.form({"action": action, "request": ota_xml.write(message)})
        headers = {
            "Content-Type": kind,
            "Accept": "*/*",
            "X-AlpineBits-ClientProtocolVersion": version,
            "X-AlpineBits-ClientID": "hospitality-crm",
        }
        response = ctx.post(ctx.settings.get("url") or "", body=body, headers=headers)
        if response.body.lstrip().startswith(b"ERROR"):
            raise Declined(response.status, "The AlpineBits server refuses the request.")
        try:
            root = ota_xml.read(response.body)
        except ParseError as error:
            raise Strange(f"The answer can't be read: {error.message}") from None
        errors = kids(root, "Errors", "Error")
        if errors:
            codes = ", ".join(filter(None, (attribute(one, "Code") or attribute(one, "Type") for one in errors)))
            if any(attribute(one, "Code") == NO_HOTEL for one in errors):
                raise Denied("hotel", "The AlpineBits server doesn't know the hotel code. Correct it in the connector.")
            raise Failed("refused", f"The AlpineBits server answers with the error {codes[:60]}.")
        if name(root) != expected:
            raise Strange(f"The answer is {name(root)[:60]} instead of {expected}.")
        return root

    def _version(self, ctx):
        """Return the version that both sides speak, asked for once a day."""
        wanted = ctx.settings.get("version") or "auto"
        return wanted if wanted != "auto" else ctx.memo("version", lambda: self._shake_hands(ctx)[0], 86_400)

    def _shake_hands(self, ctx):
        """Return the newest common version and what the server does in it."""
        refused = None
        for version in VERSIONS:
            message = element("OTA_PingRQ", element("EchoData", text=_offer()), Version="8.000")
            try:
                answer = self._ask(ctx, "OTA_Ping:Handshaking", message, "OTA_PingRS", version)
            except Declined as error:
                refused = error  # servers may refuse a version that they don't know, whatever is offered
                continue
            for warning in kids(answer, "Warnings", "Warning"):
                common = _versions("".join(warning.itertext())) if attribute(warning, "Status") == HANDSHAKE else {}
                for one in VERSIONS:
                    if one in common:
                        return one, common[one]
            raise Strange("The AlpineBits server speaks none of the versions 2018-10 to 2024-10.")
        raise refused

    def check(self, ctx):
        if ctx.settings.get("mode") != "pull":
            return [Finding("ok", "Nothing to test: the sender calls this connector. Ask him to send a reservation.")]
        version, actions = self._shake_hands(ctx)
        findings = [Finding("ok", f"The server speaks AlpineBits {version}.")]
        if "action_OTA_Read" not in actions:
            findings.append(
                Finding("error", "The server doesn't hand out guest requests. Ask its operator to open them.")
            )
        return findings

    # What is pushed

    def receive(self, request, env):
        message, _header = ota_xml.unwrap(ota_xml.read(_content(request)[1]))
        kind = name(message)
        if kind == "OTA_PingRQ":
            return Received()
        if kind == "OTA_ProfileMergeRQ":
            key = attribute(kid(message, "UniqueID"), "ID") or ""
            body = etree.tostring(_clean(message), encoding="unicode")
            return Received([Raw("guest", key[:255], body, XML, f"merge:{key[:150]}:{_digest(body)}")])
        if kind not in ("OTA_HotelResNotifRQ", "OTA_HotelResModifyNotifRQ"):
            raise ParseError("", "unknown_message", f"Messages of the kind {kind[:60]} are not taken.")
        reservations = [
            *kids(message, "HotelReservations", "HotelReservation"),
            *kids(message, "HotelResModifies", "HotelResModify"),
        ]
        if not reservations:
            raise ParseError("HotelReservations", "missing_field", "The message holds no reservation.")
        own = env.settings.get("hotel")
        for reservation in reservations:
            hotel = ota_parse.hotel_of(reservation)
            if own and hotel and hotel != own:
                raise ParseError("BasicPropertyInfo.HotelCode", "hotel", "The reservation is for another hotel.")
        at = datetime.fromtimestamp(request.at, timezone.utc).replace(tzinfo=None)
        return Received([_record(message, reservation, at) for reservation in reservations])

    def reply(self, request, error=None):
        action, content = _content(request)
        try:
            message, _header = ota_xml.unwrap(ota_xml.read(content))
        except ParseError:
            message = None
        kind = "OTA_HotelResNotifRQ" if message is None else name(message)
        tag = kind[:-2] + "RS" if kind.startswith("OTA_") and kind.endswith("RQ") else "OTA_HotelResNotifRS"
        if error is not None:
            code = NO_HOTEL if error.code == "hotel" else UNABLE
            parts = [element("Errors", element("Error", Type="13", Code=code, text=error.message[:200]))]
        elif kind == "OTA_PingRQ":
            offered = "".join(kid(message, "EchoData").itertext()) if kid(message, "EchoData") is not None else "{}"
            agreed = element("Warning", Type="11", Status=HANDSHAKE, text=_offer(_versions(offered)))
            parts = [element("Success"), element("Warnings", agreed), element("EchoData", text=offered)]
        else:
            parts = [element("Success"), *_accepted(message)]
        root = element(
            tag,
            *parts,
            EchoToken=attribute(message, "EchoToken"),
            TimeStamp=f"{datetime.fromtimestamp(request.at, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            Version=attribute(message, "Version") or "1.0",
        )
        in_envelope = not action and b"Envelope" in content[:4000].replace(b"\x00", b"")
        return Reply(200, ota_xml.write(root, in_envelope), "application/xml; charset=utf-8")

    # Records

    def redact(self, raw):
        if raw.content_type == EVENTS:
            return raw
        kind = raw.content_type.lower()
        if kind.startswith("multipart/form-data") and isinstance(raw.body, bytes):
            parts = ota_xml.read_form(raw.content_type, raw.body)
            mark = ota_xml.mark_of(raw.content_type)
            if mark and "request" in parts:
                clean = {label: _redacted(part) for label, part in parts.items()}
                return raw._replace(body=ota_xml.form(clean, mark)[1])
        return raw._replace(body=_redacted(raw.body))

    def parse(self, raw, env):
        return ota_parse.parse(raw, env)


def _content(request):
    """Return ``(AlpineBits action, message)`` of a request, whose message may be part of a form."""
    kind = request.headers.get("content-type") or ""
    if kind.lower().startswith("multipart/form-data"):
        parts = ota_xml.read_form(kind, request.body)
        return parts.get("action", b"").decode("utf-8", "replace") or "?", parts.get("request", b"")
    return "", request.body


def _record(message, reservation, at):
    """Return the :class:`Raw` of one reservation, with what the message says about its sender.

    What changes when a message is sent again (its time, its token) is left out, so that it is stored once.
    """
    kind, key = ota_parse.key_of(reservation)
    version = ota_parse.version_of(reservation)
    root = element("OTA_HotelResNotifRQ", Version=attribute(message, "Version") or "1.0")
    root.extend(etree.fromstring(etree.tostring(one)) for one in kids(message, "POS"))
    inner = etree.fromstring(etree.tostring(reservation, with_tail=False))
    inner.tag = f"{{{ota_xml.NAMESPACE}}}HotelReservation"
    root.append(element("HotelReservations", inner))
    etree.cleanup_namespaces(root)
    body = etree.tostring(_clean(root), encoding="unicode")
    day = f":{at:%Y%m%d}" if version is None else ""
    event_key = f"booking:{kind}:{key[:120]}:{'' if version is None else version}:{_digest(body)}{day}"
    return Raw("booking", key[:255], body, XML, event_key, version, at)


def _digest(body):
    return blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _redacted(body):
    """Return a message without what must not be stored, whether it can be read or not."""
    try:
        return etree.tostring(_clean(ota_xml.read(body)), encoding="unicode")
    except ParseError:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        return without_cards(_SECRETS.sub(r"<\1/>", text))


def _clean(root):
    """Empty what must never be stored, and take numbers of cards out of texts."""
    for one in list(root.iter()):
        if name(one) in SECRET:
            for child in list(one):
                one.remove(child)
            code = one.get("CardCode")
            one.attrib.clear()
            one.text = None
            if code and len(code) <= 2:
                one.set("CardCode", code)
            continue
        one.text = one.text and without_cards(one.text)
        one.tail = one.tail and without_cards(one.tail)
        for label, value in one.attrib.items():
            if etree.QName(label).localname not in KEYS:
                one.set(label, without_cards(value))
    return root


def _accepted(message):
    """Return what a *Success* names: the reservations, or the profile that stays."""
    if name(message) == "OTA_ProfileMergeRQ":
        return [
            element("UniqueID", Type=attribute(one, "Type"), ID=attribute(one, "ID"))
            for one in kids(message, "UniqueID")
        ]
    found = [
        *kids(message, "HotelReservations", "HotelReservation"),
        *kids(message, "HotelResModifies", "HotelResModify"),
    ]
    done = [element("UniqueID", Type=kind, ID=key) for kind, key in map(ota_parse.key_of, found)]
    return [element("HotelReservations", *(element("HotelReservation", one) for one in done))] if done else []


def _offer(versions=None):
    """Return the JSON of a handshake: versions and actions; of ours those that ``versions`` has too."""
    offered = []
    for version in VERSIONS:
        actions = [one for one in ACTIONS if versions is None or one in versions.get(version, ())]
        if versions is None or version in versions:
            offered.append({"version": version, "actions": [{"action": one} for one in actions]})
    return json.dumps({"versions": offered})


def _versions(text):
    """Return ``{version: set of actions}`` of the JSON of a handshake; nothing of what can't be read."""
    try:
        versions = json.loads(text).get("versions")
        return {
            one["version"]: {item["action"] for item in one.get("actions") or ()}
            for one in versions
            if isinstance(one["version"], str)
        }
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        return {}
