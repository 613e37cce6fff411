import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from odoo import api, models

from .batch import Problem

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
    "check": (("outlet", "outlet_id"),),
}
KIND_OF_CODE = {"room_type_charged": "room_type"}
ENVELOPE = ("source_id", "external_id", "version", "payload_hash", "warnings")
_OTHER_COLUMNS = {
    "booking": tuple(
        "property_id company_id channel_id profile_id partner_id company_profile_id company_partner_id"
        " agency_profile_id agency_partner_id".split()
    ),
    "reservation": tuple("property_id company_id outlet_id channel_id currency_id profile_id partner_id".split()),
    "stay": tuple(
        "property_id company_id room_type_id room_type_charged_id room_id channel_id currency_id currency_rate"
        " nights revenue_basis booking_id profile_id partner_id".split()
    ),
    "check": tuple(
        "property_id company_id outlet_id currency_id currency_rate stay_id reservation_id refund_of_id profile_id"
        " partner_id".split()
    ),
    "charge": tuple("property_id company_id stay_id check_id currency_id".split()),
    "payment": tuple("property_id company_id stay_id check_id currency_id".split()),
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
        prepare = {
            "stay": self._complete_stay,
            "check": self._complete_check,
            "reservation": self._complete_reservation,
        }.get(entity)
        copied, money, coded = COPIED[entity], MONEY.get(entity, ()), CODES.get(entity, ())
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
            warnings = event.get("warnings", ())
            if coded:
                warnings = self._resolve_codes(batch, item, event, coded, place, codes, row, warnings)
            if money:
                decimals = self._resolve_currency(batch, item, event, place, codes, row)
                if decimals is None:
                    continue
                for name in money:
                    if name in event:
                        row[name] = round_money(event[name], decimals)
            if prepare:
                warnings = prepare(item, event, row, place, warnings)
            elif entity == "charge":
                _complete_charge(row, decimals)
            if warnings:
                row["warnings"] = json.dumps(list(warnings))
                item.message.warnings.extend(warnings)
            item.row = row
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
                item.message.refuse(
                    "no_property",
                    self.env._(
                        "The record does not say which property it belongs to, and the connector has no "
                        "property of its own. Give the connector one."
                    ),
                    "property",
                )
            return place
        place = codes["property"].get(batch.options["codes"].get(("property", code), code))
        if place is None:
            self._note_unmapped(batch, item, "property", code)
            item.message.refuse(
                "unknown_property",
                self.env._(
                    "There is no property with the code “%(code)s”. Create it or map the code, then replay.",
                    code=code,
                ),
                "property",
            )
        return place

    @api.model
    def _note_unmapped(self, batch, item, kind, code):
        batch.unmapped[kind, code] = batch.unmapped.get((kind, code), 0) + 1
        if item is not None:
            item.message.warnings.append(f"{kind}:{code}")

    @api.model
    def _resolve_codes(self, batch, item, event, coded, place, codes, row, warnings):
        for name, column in coded:
            code = event.get(name)
            if code is None:
                continue
            kind = KIND_OF_CODE.get(name, name)
            target = batch.options["codes"].get((kind, code), code)
            known = codes[kind]
            found = known.get(target) if kind == "channel" else known.get((place.id, target))
            if found:
                row[column] = found
            else:
                self._note_unmapped(batch, None, kind, code)
                warnings = [*warnings, f"{kind}:{code}"]
        return warnings

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
            item.message.refuse(
                "unknown_currency",
                self.env._(
                    "The currency “%(code)s” is not known or not active. Activate it under Currencies or map "
                    "the code, then replay.",
                    code=name,
                ),
                "currency",
            )
            return None
        row["currency_id"] = found[0]
        return found[1]

    @api.model
    def _complete_stay(self, item, event, row, place, warnings):
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

    @api.model
    def _complete_reservation(self, item, event, row, place, warnings):
        if "business_date" not in row:
            row["business_date"] = place.business_date(row["starts_at"])
        return warnings

    @api.model
    def _complete_check(self, item, event, row, place, warnings):
        at = row.get("closed_at") or row.get("opened_at")
        if "business_date" not in row:
            row["business_date"] = place.business_date(at)
        if "daypart" not in row and at:
            row["daypart"] = place.daypart(row.get("opened_at") or at)
        if "amount_total" not in row:
            warnings = [*warnings, "amounts_from_lines"]
        return warnings

    @api.model
    def _find_problem(self, batch, entity, item, codes):
        """Return why a prepared row can't be written, judged by what it refers to, or None."""
        event, row = item.event, item.row
        if entity in FOLIO:
            parent = "stay" if "stay" in event else "check"
            mate = batch.items[parent].get(event[parent])
            if mate is not None and mate.row is not None:
                currency_id, day = (
                    mate.row["currency_id"],
                    mate.row.get("arrival") or mate.row["business_date"],
                )
            else:
                stored = batch.stored[parent][event[parent]]
                currency_id, day = stored.currency_id, stored.day
            if "currency" not in event:
                row["currency_id"] = currency_id
            elif row["currency_id"] != currency_id:
                names = codes["currency_name"]
                return Problem(
                    "two_currencies",
                    self.env._(
                        "The line is in %(line)s but its stay or check is in %(parent)s. A bill has one "
                        "currency: convert the line in the source, then replay.",
                        line=names.get(row["currency_id"], ""),
                        parent=names.get(currency_id, ""),
                    ),
                    "currency",
                )
            if entity == "charge" and "business_date" not in row:
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


def _complete_charge(row, decimals):
    """Fill in the one of gross and net that is missing."""
    gross, net, tax = (row.get(name) for name in ("amount_gross", "amount_net", "amount_tax"))
    if gross is None and net is not None:
        row["amount_gross"] = round_money(str(Decimal(net) + Decimal(tax or 0)), decimals)
    elif net is None and gross is not None:
        row["amount_net"] = round_money(str(Decimal(gross) - Decimal(tax or 0)), decimals)
