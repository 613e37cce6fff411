import datetime
import hashlib
import secrets
import uuid

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine import consent as engine
from ...engine.ledger import canonical
from .hospitality_purpose import ALL_CHANNELS

#: How far the clock of a source may be ahead.
AHEAD = datetime.timedelta(minutes=5)
#: A person of the house speaks for the guest: he says why.
STAFF_METHODS = frozenset({"desk", "phone", "paper"})
#: The guest sees a text and answers it: which text is part of the proof.
SHOWN_METHODS = frozenset({"preference_centre", "portal", "form"})
PAYLOAD = ("ip", "reason", "evidence", "guardian_name")
GUARDIANS = ("guardian", "parent")


class HospitalityConsentEvent(models.Model):
    """The door through which statements come in."""

    _inherit = "hospitality.consent.event"

    @api.model
    def _record(self, partner, purpose, channel, decision, **facts):
        """Record what a guest has said, for all of his records.

        :param partner: ``res.partner``
        :param purpose: ``hospitality.purpose``
        :param str channel: code of a channel; a purpose that is agreed to as a whole ignores it
        :param str decision: ``granted denied withdrawn pending``
        :param facts: see :meth:`_record_many`
        :return: id of the statement
        :raise UserError: what is missing for a statement that can be proven
        """
        return self._record_many(
            [{"partner_id": partner.id, "purpose": purpose, "channel": channel}], decision, **facts
        )[0]

    @api.model
    def _record_many(self, entries, decision=None, **facts):
        """Record statements.

        What holds for all of them may be given once, as named arguments.

        :param entries: list of dicts: ``partner_id`` (the guest speaks for himself as a whole: his other records
            follow) or ``profile_id`` (a source system delivers what it knows), ``purpose``, ``channel``,
            ``decision``, ``method``; optional ``brand`` (none: towards all), ``actor`` (*guest*), ``decided_at``
            (UTC, now), ``notice`` (``hospitality.notice.version``), ``lang``, ``legal_basis``, ``valid_until``,
            ``guardian`` (``res.partner``), ``source``, ``external_ref`` (key of the statement in its source: it is
            recorded once), ``confirms_id``, ``ip``, ``reason``, ``evidence``
        :return: id per entry; None where a source has delivered nothing new, or a form asks for what is agreed already
        :raise UserError: what is missing for a statement that can be proven; nothing is recorded then
        """
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        entries = [self._complete(entry, now) for entry in ({"decision": decision, **facts, **e} for e in entries)]
        self._find_subjects(entries)
        for entry in entries:
            self._check(entry, now)
            self._await_confirmation(entry)
        new = [entry for entry in self._leave_known(entries) if not self._is_agreed(entry)]
        ids = iter(self._insert(new, now))
        for entry in new:
            entry["id"] = next(ids)
        copies = self._get_copies(new)
        self._insert(copies, now)
        self.env["hospitality.consent.state"]._refresh({entry["guest"].id for entry in new})
        self._ask_confirmations(new)
        return [entry.get("id") for entry in entries]

    @api.model
    def _complete(self, entry, now):
        """Return an entry with the values that follow from others."""
        purpose = entry["purpose"]
        entry = {
            "actor": "guest",
            "decided_at": now,
            "legal_basis": purpose.legal_basis,
            "has_time": bool(entry.get("decided_at")),
            **{key: value for key, value in entry.items() if value is not None},
        }
        if not purpose.per_channel:
            entry["channel"] = "any"
        if entry["decision"] == "granted" and purpose.valid_months and not entry.get("valid_until"):
            entry["valid_until"] = entry["decided_at"].date() + relativedelta(months=purpose.valid_months)
        if entry.get("guardian"):
            entry["guardian_name"] = entry["guardian"].name
            entry["actor"] = "guardian"
        return entry

    @api.model
    def _find_subjects(self, entries):
        """Give each entry the source profile that speaks and the guest, who is followed where he was merged."""
        Partner = self.env["res.partner"]
        partners = Partner.browse({entry["partner_id"] for entry in entries if entry.get("partner_id")})
        targets = partners._get_merged_targets()
        guests = Partner.browse(set(targets.values()))
        own = dict(zip(guests.ids, guests._get_odoo_profile().sudo(), strict=True))  # read for the system's ledger
        Profile = self.env["hospitality.profile"].sudo()  # see above
        delivered = {entry["profile_id"] for entry in entries if not entry.get("partner_id")}
        by_id = {profile.id: profile for profile in Profile.browse(sorted(delivered))}
        for entry in entries:
            if entry.get("partner_id"):
                entry["profile"] = own[targets[entry["partner_id"]]]
            else:
                entry["profile"] = by_id[entry["profile_id"]]
            entry["guest"] = entry["profile"].partner_id

    @api.model
    def _check(self, entry, now):
        """Refuse a statement that could not be proven, or that the guest may not make for himself."""
        purpose, decision, method = entry["purpose"], entry["decision"], entry.get("method")
        if decision not in engine.STATES or method not in dict(self._fields["method"].selection):
            raise UserError(self.env._("A statement says how it was made and whether the guest agrees."))
        if entry["channel"] not in dict(ALL_CHANNELS) or (purpose.per_channel and entry["channel"] == "any"):
            raise UserError(
                self.env._("%(purpose)s is answered for one channel at a time.", purpose=purpose.name or purpose.code)
            )
        if entry["decided_at"] > now + AHEAD:
            raise UserError(self.env._("A statement can't be made in the future: check the clock of its source."))
        if method in STAFF_METHODS and not (entry.get("reason") or "").strip():
            raise UserError(self.env._("Write down how the guest said so: whoever doubts it later will ask."))
        if decision not in ("granted", "pending"):
            return
        if method == "import" and not (entry.get("evidence") or "").strip():
            raise UserError(
                self.env._(
                    "An imported agreement needs its proof: which system or form it comes from, and the record there."
                )
            )
        if method in SHOWN_METHODS and not entry.get("notice"):
            raise UserError(
                self.env._(
                    "There is no published text about %(purpose)s. Publish one in Privacy > Privacy Notices,"
                    " then ask again.",
                    purpose=purpose.name or purpose.code,
                )
            )
        self._check_age(entry, now)

    @api.model
    def _check_age(self, entry, now):
        guest = entry["guest"]
        company = self._get_controller(entry)
        if not engine.is_minor(guest.guest_birthdate or None, now.date(), company.hospitality_consent_age):
            return
        guardian = entry.get("guardian")
        today = fields.Date.today()
        relations = self.env["hospitality.relation"].sudo()  # whether one exists, whoever may see it
        if not guardian:
            raise UserError(
                self.env._(
                    "%(guest)s is under %(age)s: a guardian has to agree. Name the guardian.",
                    guest=guest.display_name,
                    age=company.hospitality_consent_age,
                )
            )
        known = relations.search(["|", ("partner_id", "=", guest.id), ("related_id", "=", guest.id)]).filtered(
            lambda r: (r.partner_id == guest and r.related_id == guardian and r.kind in GUARDIANS)
            or (r.related_id == guest and r.partner_id == guardian and r.inverse_kind in GUARDIANS)
        )
        if not known.filtered(
            lambda r: (not r.date_from or r.date_from <= today) and (not r.date_to or r.date_to >= today)
        ):
            raise UserError(
                self.env._(
                    "%(guardian)s isn't known as a guardian or parent of %(guest)s. Add the relation on the guest card"
                    " first.",
                    guardian=guardian.display_name,
                    guest=guest.display_name,
                )
            )

    @api.model
    def _get_controller(self, entry):
        """Return the company that answers for the data: that of the property, of the guest, or the user's."""
        profile = entry["profile"]
        prop = profile.property_id or profile.source_id.property_id
        return prop.company_id or entry["guest"].company_id or self.env.company

    # -- what is new ---------------------------------------------------------------------------

    @api.model
    def _leave_known(self, entries):
        """Return the entries that say something new.

        What a source delivers under a key is recorded once. What it delivers without a key and time, as a flag of a
        guest's record, counts when it differs from the flag before: else each delivery would repeat an old agreement.
        """
        delivered = [entry for entry in entries if entry["method"] == "import"]
        if not delivered:
            return entries
        rows = self.env.execute_query(
            SQL(
                """SELECT profile_id, purpose_id, channel, brand_id, external_ref, decision
                     FROM hospitality_consent_event
                    WHERE profile_id = ANY(%s) AND method = 'import' ORDER BY id""",
                [entry["profile"].id for entry in delivered],
            )
        )
        keys = {row[:3] + row[4:5] for row in rows if row[4]}
        flags = {row[:4]: engine.STATES.get(row[5]) for row in rows if not row[4]}
        new = []
        for entry in entries:
            if entry["method"] == "import":
                place = (entry["profile"].id, entry["purpose"].id, entry["channel"])
                brand = entry["brand"].id if entry.get("brand") else None
                state = engine.STATES[entry["decision"]]
                if entry.get("external_ref"):
                    if (*place, entry["external_ref"]) in keys:
                        continue
                    keys.add((*place, entry["external_ref"]))
                elif not entry["has_time"]:
                    if flags.get((*place, brand)) == state:
                        continue
                    flags[(*place, brand)] = state
            new.append(entry)
        return new

    @api.model
    def _get_copies(self, entries):
        """Return what the other records of the guests say now too.

        A guest speaks for himself as a whole. Without this an old refusal in one system would outlive every later
        agreement. Only records that have said something else get a copy.
        """
        spoken = [entry for entry in entries if entry.get("partner_id") and entry["decision"] != "pending"]
        events = self._load({entry["guest"].id for entry in spoken}) if spoken else {}
        Profile = self.env["hospitality.profile"].sudo()  # read for the system's ledger
        copies = []
        for entry in spoken:
            said = events.get((entry["guest"].id, entry["purpose"].id, entry["channel"]), [])
            brand = entry["brand"].id if entry.get("brand") else None
            for profile_id in sorted({event.profile for event in said} - {entry["profile"].id}):
                own = engine.decide([event for event in said if event.profile == profile_id], brand)
                if own.state in ("unknown", engine.STATES[entry["decision"]]):
                    continue
                copies.append(
                    {
                        **{key: value for key, value in entry.items() if key not in ("id", "external_ref", *PAYLOAD)},
                        "profile": Profile.browse(profile_id),
                        "copy_of_id": entry["id"],
                    }
                )
        return copies

    # -- writing -------------------------------------------------------------------------------

    @api.model
    def _insert(self, entries, now):
        """Append checked entries and their details; return their ids."""
        salts = [secrets.token_hex(16) for _entry in entries]
        rows = [self._to_row(entry, now, salt) for entry, salt in zip(entries, salts, strict=True)]
        ids = self._append(rows)
        self.env["hospitality.consent.payload"].create(
            [
                {"event_id": event_id, "salt": salt, **details}
                for event_id, entry, salt in zip(ids, entries, salts, strict=True)
                if (details := self._get_details(entry))
            ]
        )
        return ids

    @api.model
    def _get_details(self, entry):
        return {name: entry[name] for name in PAYLOAD if entry.get(name)}

    @api.model
    def _hash_details(self, details, salt):
        """Return the hash that the ledger keeps of details, as hexadecimal digits."""
        return hashlib.sha256(salt.encode() + canonical(details)).hexdigest()

    @api.model
    def _to_row(self, entry, now, salt):
        details = self._get_details(entry)
        notice = entry.get("notice")
        purpose = entry["purpose"]
        guardian = entry.get("guardian")
        return {
            "uid": str(uuid.uuid4()),
            "profile_id": entry["profile"].id,
            "company_id": self._get_controller(entry).id,
            "brand_id": entry["brand"].id if entry.get("brand") else None,
            "purpose_id": purpose.id,
            "purpose_code": purpose.code,
            "channel": entry["channel"],
            "decision": entry["decision"],
            "legal_basis": entry["legal_basis"],
            "notice_version_id": notice.id if notice else None,
            "notice_hash": notice.sha256 if notice else None,
            "lang": entry.get("lang") or (notice.lang if notice else None),
            "method": entry["method"],
            "source_id": entry["source"].id if entry.get("source") else entry["profile"].source_id.id,
            "actor": entry["actor"],
            "actor_uid": self.env.uid,
            "guardian_profile_id": guardian._get_odoo_profile().id if guardian else None,
            "decided_at": entry["decided_at"],
            "recorded_at": now,
            "valid_until": entry.get("valid_until"),
            "void_of_id": entry.get("void_of_id"),
            "copy_of_id": entry.get("copy_of_id"),
            "confirms_id": entry.get("confirms_id"),
            "external_ref": entry.get("external_ref"),
            "payload_hash": self._hash_details(details, salt) if details else None,
        }

    # -- corrections ---------------------------------------------------------------------------

    def _void(self, reason, method="desk"):
        """Take statements back as wrong: they were never made, or by somebody else.

        :param reason: in words
        :raise UserError: without a reason
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Write down why the statement is wrong."))
        self._append_voids(self._filter_voidable(), method, reason)
        self.env["hospitality.consent.state"]._refresh(self.profile_id.partner_id.ids)

    def _filter_voidable(self):
        """Return these statements and their copies on other records of the guest, without what was taken back."""
        door = self.sudo()  # copies of what the caller may see
        events = door | door.search([("copy_of_id", "in", self.ids)])
        gone = set(door.search([("void_of_id", "in", events.ids)]).mapped("void_of_id"))
        return events.filtered(lambda event: event.decision != "void" and event.id not in gone).sorted("id")

    @api.model
    def _void_foreign_grants(self, event_ids):
        """Take back what one guest has agreed to for another while both were taken for one."""
        self._append_voids(self.browse(event_ids), "merge", None)

    @api.model
    def _append_voids(self, events, method, reason):
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        Version = self.env["hospitality.notice.version"]
        self._insert(
            [
                {
                    "profile": event.profile_id,
                    "guest": event.profile_id.partner_id,
                    "purpose": event.purpose_id,
                    "brand": event.brand_id,
                    "channel": event.channel,
                    "decision": "void",
                    "legal_basis": event.legal_basis,
                    "method": method,
                    "actor": "system" if method == "merge" else "staff",
                    "notice": Version,
                    "decided_at": now,
                    "void_of_id": event.id,
                    "reason": reason,
                }
                for event in events.sudo()  # rights are checked by whoever calls
                if event.decision != "void"
            ],
            now,
        )
