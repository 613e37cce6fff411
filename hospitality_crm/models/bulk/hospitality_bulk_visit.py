import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from odoo import api, models
from odoo.tools import SQL

from ...engine.visit.rating import get_score
from ...tools.arrays import pg_array, pg_int_array

# Fields of an event that are columns of the same name.
COPIED = {
    "booking": (
        "status",
        "status_raw",
        "confirmation",
        "channel_ref",
        "group_code",
        "booked_on",
        "cancelled_on",
    ),
    "reservation": tuple(
        "status status_raw starts_at business_date duration covers table booked_on occasion wishes".split()
    ),
    "stay": tuple(
        "status status_raw arrival departure eta checked_in_at checked_out_at booked_on cancelled_on lead_time"
        " rate_plan meal_plan market adults children infants purpose requests request_count parking_count"
        " change_count deposit_kind sharer_group is_pseudo".split()
    ),
    "check": tuple("status status_raw number opened_at closed_at business_date daypart table covers waiter".split()),
    "charge": tuple("business_date department code name category quantity window state reverses".split()),
    "payment": tuple("paid_at method state card_brand card_last4".split()),
    "review": tuple("rating scale title text language author url at updated_at reply replied_at".split()),
}
MONEY = {
    "reservation": ("deposit",),
    "stay": tuple("rate_amount amount_room amount_fb amount_other amount_tax amount_total balance".split()),
    "check": tuple("amount_subtotal amount_discount amount_service amount_tax amount_tip amount_total".split()),
    "charge": ("amount_gross", "amount_net", "amount_tax"),
    "payment": ("amount", "tip"),
}
CODES = {
    "booking": (("channel", "channel_id"),),
    "reservation": (("outlet", "outlet_id"), ("channel", "channel_id")),
    "stay": (
        ("room_type", "room_type_id"),
        ("room_type_charged", "room_type_charged_id"),
        ("room", "room_id"),
        ("channel", "channel_id"),
    ),
    "check": (("outlet", "outlet_id"), ("room", "room_id")),
}
KIND_OF_CODE = {"room_type_charged": "room_type"}
ENVELOPE = ("source_id", "external_id", "version", "payload_hash")
_OTHER_COLUMNS = {
    "booking": tuple(
        "warnings property_id company_id channel_id profile_id partner_id company_profile_id company_partner_id"
        " agency_profile_id agency_partner_id stay_keys".split()
    ),
    "reservation": tuple(
        "warnings property_id company_id outlet_id channel_id currency_id profile_id partner_id".split()
    ),
    "stay": tuple(
        "warnings property_id company_id room_type_id room_type_charged_id room_id channel_id currency_id currency_rate"
        " nights revenue_basis booking_id profile_id partner_id".split()
    ),
    "check": tuple(
        "warnings property_id company_id outlet_id currency_id currency_rate stay_id reservation_id refund_of_id"
        " profile_id partner_id room_id guest_evidence guest_confidence line_keys payment_keys".split()
    ),
    "charge": tuple("property_id company_id stay_id check_id currency_id".split()),
    "payment": tuple("property_id company_id stay_id check_id currency_id".split()),
    "review": tuple(
        "warnings property_id company_id status score has_rating linked_by stay_id check_id reservation_id profile_id"
        " partner_id".split()
    ),
}
COLUMNS = {entity: (*ENVELOPE, *COPIED[entity], *MONEY.get(entity, ()), *_OTHER_COLUMNS[entity]) for entity in COPIED}
"""Every column that a snapshot decides, per entity."""
FOLIO = ("charge", "payment")


class HospitalityBulkVisit(models.AbstractModel):
    """Turn events about visits into rows: codes, dates, amounts. References come later."""

    _name = "hospitality.bulk.visit"
    _description = "Bulk writes of visits"

    @api.model
    def _prepare_rows(self, batch, entity, items, codes):
        """Set ``item.row`` of the items, or refuse their messages."""
        complete = _COMPLETE.get(entity)
        copied, money, coded = COPIED[entity], MONEY.get(entity, ()), CODES.get(entity, ())
        parts = self.env["hospitality.bulk.part"]
        rates = set()
        for item in items:
            event = item.event
            place = self._get_place(batch, entity, item, codes)
            if place is None:
                continue
            row = {
                "source_id": batch.source_id,
                "external_id": item.key,
                "version": item.version,
                "payload_hash": event["payload_hash"],
                "property_id": place.id,
                "company_id": place.company_id,
            }
            for name in copied:
                if name in event:
                    row[name] = event[name]
            warnings = self._resolve_codes(batch, event, coded, place, codes, row)
            if not self._fill_money(batch, item, event, money, place, codes, row):
                continue
            if complete:
                warnings = complete(event, row, place, warnings)
            row |= parts._get_keys(entity, event)
            if warnings:
                if entity not in FOLIO:
                    row["warnings"] = json.dumps(list(warnings))
                item.message.warnings.extend(warnings)
            item.row = row
            if entity in ("stay", "check"):
                row["currency_rate"] = 1.0
            if entity in ("stay", "check") and row["currency_id"] != place.company_currency_id:
                day = date.fromisoformat(row["arrival" if entity == "stay" else "business_date"])
                item.extra = (place.company_id, place.company_currency_id, row["currency_id"], day)
                rates.add(item.extra)
        if rates:
            factors = self.env["hospitality.bulk.codes"]._get_rates(rates)
            for item in items:
                if item.extra:
                    item.row["currency_rate"] = factors[item.extra]

    @api.model
    def _get_place(self, batch, entity, item, codes):
        """Return the property of an event, or refuse its message and return None."""
        event = item.event
        if entity in FOLIO:
            parent = "stay" if "stay" in event else "check"
            key = event[parent]
            mate = batch.items[parent].get(key)
            if mate is not None and mate.row is not None:
                return codes["place"][mate.row["property_id"]]
            stored = batch.stored[parent].get(key)
            if stored is None:
                item.message.wait(parent, key)
                return None
            return codes["place"][stored.property_id]
        code = event.get("property")
        if code is None:
            place = codes["place"].get(batch.options.get("property_id"))
            if place is None:
                item.message.refuse(*self._get_refusal("no_property", "property"))
            return place
        place = codes["property"].get(batch.options["codes"].get(("property", code), code))
        if place is None:
            self._note_unmapped(batch, item, "property", code)
            item.message.refuse(*self._get_refusal("unknown_property", "property", code=code))
        return place

    @api.model
    def _note_unmapped(self, batch, item, kind, code):
        batch.unmapped[kind, code] = batch.unmapped.get((kind, code), 0) + 1
        if item is not None:
            item.message.warnings.append(f"{kind}:{code}")

    @api.model
    def _resolve_codes(self, batch, event, coded, place, codes, row):
        """Set the columns of codes; return the warnings of the event with those of unknown codes."""
        warnings = event.get("warnings", ())
        mapped = batch.options["codes"]
        for name, column in coded:
            code = event.get(name)
            if code is None:
                continue
            kind = KIND_OF_CODE.get(name, name)
            target = mapped.get((kind, code), code)
            found = codes[kind].get(target if kind == "channel" else (place.id, target))
            if found:
                row[column] = found
            else:
                self._note_unmapped(batch, None, kind, code)
                warnings = [*warnings, f"{kind}:{code}"]
        return warnings

    @api.model
    def _fill_money(self, batch, item, event, money, place, codes, row):
        """Set currency and amounts of a row; return whether the message may go on."""
        if not money:
            return True
        decimals = self._resolve_currency(batch, item, event, place, codes, row)
        if decimals is None:
            return False
        for name in money:
            if name in event:
                row[name] = round_money(event[name], decimals)
        return True

    @api.model
    def _resolve_currency(self, batch, item, event, place, codes, row):
        """Set the currency of a row; return its decimals, or None after a refusal."""
        name = event.get("currency")
        if name is None:
            row["currency_id"] = row.get("currency_id") or place.currency_id
            return codes["decimals"].get(row["currency_id"], 2)
        found = codes["currency"].get(name)
        if found is None:
            self._note_unmapped(batch, item, "currency", name)
            item.message.refuse(*self._get_refusal("unknown_currency", "currency", code=name))
            return None
        row["currency_id"] = found[0]
        return found[1]

    @api.model
    def _refuse_cycles(self, batch, items):
        """Refuse checks that refund themselves, over whatever chain of stored and new checks."""
        edges = {item.key: item.event.get("refund_of") for item in batch.items["check"].values()}
        frontier = {item.event["refund_of"] for item in items if "refund_of" in item.event} - edges.keys()
        while frontier:
            edges.update(dict.fromkeys(frontier))
            edges.update(
                self.env.execute_query(
                    SQL(
                        "SELECT c.external_id, coalesce(o.external_id, p.external_id) FROM hospitality_check c"
                        " LEFT JOIN hospitality_check o ON o.id = c.refund_of_id"
                        " LEFT JOIN hospitality_pending_ref p ON p.waiter = 'check' AND p.waiter_id = c.id"
                        " AND p.reference = 'refund_of'"
                        " WHERE c.source_id = %s AND c.external_id = ANY(%s::varchar[])",
                        batch.source_id,
                        pg_array(sorted(frontier)),
                    )
                )
            )
            frontier = {edges[key] for key in frontier} - edges.keys() - {None}
        for item in items:
            seen, key = set(), item.event.get("refund_of")
            while key is not None and key not in seen and key != item.key:
                seen.add(key)
                key = edges.get(key)
            if key is not None:
                item.message.refuse(*self._get_refusal("cycle", "refund_of", key=item.event["refund_of"]))

    @api.model
    def _refuse_currency_changes(self, batch, entity, items):
        """Refuse stays and checks that change their currency while their lines keep another one."""
        changed = {
            item.id: item
            for item in items
            if item.row and batch.stored[entity][item.key].currency_id not in (None, item.row["currency_id"])
        }
        if not changed:
            return
        parent = SQL.identifier(f"{entity}_id")
        names = self.env["hospitality.bulk.codes"]._get_codes()["currency_name"]
        for id_, currency_id in self.env.execute_query(
            SQL(
                "SELECT DISTINCT %s, currency_id FROM hospitality_charge WHERE %s = ANY(%s::int[])",
                parent,
                parent,
                pg_int_array(list(changed)),
            )
        ):
            row = changed[id_].row
            if currency_id != row["currency_id"]:
                refusal = self._get_refusal(
                    "two_currencies",
                    "currency",
                    parent=names.get(row["currency_id"], ""),
                    line=names.get(currency_id, ""),
                )
                changed[id_].message.refuse(*refusal)

    @api.model
    def _find_problem(self, batch, item, codes):
        """Return why a prepared line can't be written, judged by its stay or check, or None.

        The line takes over what it does not say itself: currency and business date.
        """
        event, row = item.event, item.row
        parent = "stay" if "stay" in event else "check"
        mate = batch.items[parent].get(event[parent])
        if mate is not None and mate.row is not None:
            currency_id = mate.row["currency_id"]
            day = mate.row["arrival" if parent == "stay" else "business_date"]
        else:
            stored = batch.stored[parent][event[parent]]
            currency_id, day = stored.currency_id, stored.day
        if "currency" not in event:
            row["currency_id"] = currency_id
        elif row["currency_id"] != currency_id:
            names = codes["currency_name"]
            return self._get_refusal(
                "two_currencies",
                "currency",
                "line_currency",
                line=names.get(row["currency_id"], ""),
                parent=names.get(currency_id, ""),
            )
        if item.event["entity"] == "charge" and "business_date" not in row:
            row["business_date"] = str(day)
        return None


def round_money(value, decimals):
    """Return an amount (text without superfluous zeros) rounded half up, with all its decimals.

    >>> round_money("10.5", 2), round_money("10", 0), round_money("0.125", 2)
    ('10.50', '10', '0.13')
    """
    whole, _dot, fraction = value.partition(".")
    if len(fraction) <= decimals:
        return f"{whole}.{fraction:0<{decimals}}" if decimals else whole
    return str(Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def _complete_charge(event, row, place, warnings):
    """Fill in the one of gross and net that is missing."""
    gross, net, tax = (row.get(name) for name in ("amount_gross", "amount_net", "amount_tax"))
    if gross is None and net is not None:
        row["amount_gross"] = str(Decimal(net) + Decimal(tax or 0))
    elif net is None and gross is not None:
        row["amount_net"] = str(Decimal(gross) - Decimal(tax or 0))
    return warnings


def _complete_stay(event, row, place, warnings):
    nights = (date.fromisoformat(row["departure"]) - date.fromisoformat(row["arrival"])).days
    row["nights"] = nights
    if "lead_time" not in row and "booked_on" in row:
        row["lead_time"] = (date.fromisoformat(row["arrival"]) - date.fromisoformat(row["booked_on"])).days
    total = row.get("amount_total")
    parts = [row[name] for name in ("amount_fb", "amount_other") if name in row]
    if total is not None or parts or "amount_room" in row:
        row["revenue_basis"] = "source"
        if total is None:
            parts.append(row.get("amount_room", "0"))
            row["amount_total"] = str(sum(map(Decimal, parts)))
        elif "amount_room" not in row:
            row["amount_room"] = str(Decimal(total) - sum(map(Decimal, parts)))
    elif "rate_amount" in event:
        row["revenue_basis"] = "rate"
        decimals = len(row["rate_amount"].partition(".")[2])
        row["amount_room"] = round_money(str(Decimal(event["rate_amount"]) * nights), decimals)
        row["amount_total"] = row["amount_room"]
    return warnings


def _complete_reservation(event, row, place, warnings):
    if "business_date" not in row:
        row["business_date"] = place.business_date(row["starts_at"])
    return warnings


def _complete_check(event, row, place, warnings):
    at = row.get("closed_at") or row.get("opened_at")
    if "business_date" not in row:
        row["business_date"] = place.business_date(at)
    if "daypart" not in row and at:
        row["daypart"] = place.daypart(row.get("opened_at") or at)
    if "amount_total" not in row:
        warnings = [*warnings, "amounts_from_lines"]
    return warnings


def _complete_review(event, row, place, warnings):
    row.setdefault("scale", 5.0)
    row["status"] = "published"
    row["has_rating"] = "rating" in row
    score = get_score(row.get("rating"), row["scale"])
    if score is not None:
        row["score"] = score
    return warnings


_COMPLETE = {
    "review": _complete_review,
    "stay": _complete_stay,
    "check": _complete_check,
    "reservation": _complete_reservation,
    "charge": _complete_charge,
}
