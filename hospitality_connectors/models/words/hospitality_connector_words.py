from odoo import api, models
from odoo.fields import Domain

from ..inbox.hospitality_connector_mapping import RECORD_KINDS
from ..inbox.hospitality_connector_mapping_proposal import PLACED

#: Field whose values a kind of code stands for.
VALUE_FIELDS = {
    "stay_status": ("hospitality.stay", "status"),
    "reservation_status": ("hospitality.reservation", "status"),
    "check_status": ("hospitality.check", "status"),
    "department": ("hospitality.charge", "department"),
    "method": ("hospitality.payment", "method"),
    "purpose": ("hospitality.stay", "purpose"),
}


class HospitalityConnectorWords(models.AbstractModel):
    """What the codes of connectors are called, in the language of the reader.

    Whatever has no words of ours, such as a list that a customer has described, is shown by its own name.
    """

    _name = "hospitality.connector.words"
    _description = "Words for Codes of Connectors"

    @api.model
    def _get_entity_words(self):
        """Return ``{kind of record: words}`` of what adapters store."""
        return {
            "guest": self.env._("Guest"),
            "company": self.env._("Company"),
            "booking": self.env._("Booking"),
            "stay": self.env._("Stay"),
            "reservation": self.env._("Table Reservation"),
            "check": self.env._("Check"),
            "charge": self.env._("Charge"),
            "payment": self.env._("Payment"),
            "folio": self.env._("Folio"),
            "review": self.env._("Review"),
            "consent": self.env._("Consent"),
            "event": self.env._("News of the Vendor"),
            "request": self.env._("Request of the Vendor"),
        }

    @api.model
    def _get_stream_words(self):
        """Return ``{stream: words}`` of what the adapters of the product read."""
        return {
            "again": self.env._("Bookings once more, by day"),
            "all": self.env._("All reviews, each night"),
            "changes": self.env._("Changed stays"),
            "checks": self.env._("Checks"),
            "checks_by_day": self.env._("Checks by day"),
            "clients": self.env._("Guests"),
            "companies": self.env._("Companies"),
            "customers": self.env._("Guests"),
            "deliveries": self.env._("Deliveries"),
            "events": self.env._("News of the vendor"),
            "feed": self.env._("News of bookings"),
            "guests": self.env._("Guests"),
            "items": self.env._("Charges"),
            "journal": self.env._("Charges and payments"),
            "late_orders": self.env._("Late changes of checks"),
            "late_payments": self.env._("Late changes of payments"),
            "ledger": self.env._("Charges by day"),
            "merges": self.env._("Merged guests"),
            "orders": self.env._("Checks"),
            "orders_by_day": self.env._("Checks by day"),
            "payments": self.env._("Payments"),
            "requests": self.env._("Bookings"),
            "reservations": self.env._("Bookings and stays"),
            "reviews": self.env._("Reviews"),
            "stays": self.env._("Stays by day of arrival"),
            "tables": self.env._("Checks"),
            "tables_by_day": self.env._("Checks by day"),
            "transactions": self.env._("Charges and payments"),
        }

    @api.model
    def _get_choice_words(self):
        """Return ``{choice of a setting: words}``; those that the vendor calls so are left as they are."""
        return {
            "auto": self.env._("Automatic"),
            "client_credentials": self.env._("Client credentials"),
            "denied": self.env._("Denied"),
            "folios": self.env._("Folios"),
            "header": self.env._("Header"),
            "journal": self.env._("Journal"),
            "keys": self.env._("Keys"),
            "login": self.env._("Login"),
            "no": self.env._("No"),
            "none": self.env._("None"),
            "oauth": self.env._("OAuth"),
            "password": self.env._("Password"),
            "pull": self.env._("Pull"),
            "push": self.env._("Push"),
            "records": self.env._("Records"),
            "token": self.env._("Token"),
            "unknown": self.env._("Unknown"),
            "yes": self.env._("Yes"),
        }

    @api.model
    def _get_value_words(self, kind, codes=None, place=None):
        """Return ``{code: words}`` of the values that a kind of code of a source may mean, None for any text.

        :param str kind: of `hospitality.connector.mapping`
        :param codes: only these, where records are meant; None: all
        :param place: only what this property has, where records belong to one
        """
        if kind in VALUE_FIELDS:
            model, field = VALUE_FIELDS[kind]
            return dict(self.env[model]._fields[field]._description_selection(self.env))
        if kind not in RECORD_KINDS:
            return None
        key, name = ("name", "full_name") if kind == "currency" else ("code", "display_name")
        domain = Domain(key, "in", list(codes)) if codes is not None else Domain(key, "!=", False)
        if place and kind in PLACED:
            domain &= Domain("property_id", "in", [False, place.id])
        words = {}
        for record in self.env[RECORD_KINDS[kind]].search(domain):
            text = record[name] or ""
            words.setdefault(record[key], text if record[key] in text else f"{text} ({record[key]})".strip())
        return words
