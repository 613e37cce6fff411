"""What records of Mews mean."""

from decimal import Decimal

from ..adapter import ParseError
from .records import compact, content, local_day, path, stamp, utc
from .values import amount_of, birthdate_of, count_of, country_of, dicts_of, key_of, list_of, present, text_of

STATES = {
    "Inquired": "enquiry",
    "Requested": "waitlist",
    "Optional": "optional",
    "Confirmed": "reserved",
    "Started": "in_house",
    "Processed": "checked_out",
    "Canceled": "cancelled",
}
PURPOSES = {"Leisure": "leisure", "Business": "business"}
VIP = ("VeryImportant", "TopManagement", "Important")
CONSENTS = {
    "SendMarketingEmails": "email",
    "SendMarketingPostalMail": "post",
    "SendPartnerMarketingEmails": "third_party",
}
TYPES = {
    "SpaceOrder": "room",
    "NightRebate": "room",
    "ResourceUpgradeFee": "room",
    "CityTax": "tax",
    "CityTaxDiscount": "tax",
    "TaxCorrection": "tax",
    "CancellationFee": "fee",
    "ServiceCharge": "fee",
    "Surcharge": "fee",
    "InvoiceFee": "fee",
    "MulticurrencyFee": "fee",
}
CLASSES = {"Accommodation": "room", "FoodAndBeverage": "fb", "Taxes": "tax"}
REBATES = ("NightRebate", "ProductOrderRebate", "AdditionalExpenseRebate", "AllowanceDiscount", "CityTaxDiscount")
METHODS = {
    "CreditCardPayment": "card",
    "CashPayment": "cash",
    "InvoicePayment": "transfer",
    "Cash": "cash",
    "CreditCard": "card",
    "Bancontact": "card",
    "WireTransfer": "transfer",
    "Bacs": "transfer",
    "Invoice": "transfer",
    "GiftCard": "voucher",
    "Voucher": "voucher",
    "ChequeVacances": "voucher",
}


def parse(raw, env):
    """Return the canonical events of a record."""
    record = content(raw)
    reader = {"guest": _customer, "company": _company, "stay": _reservation, "charge": _item, "payment": _payment}
    if raw.entity not in reader:
        raise ParseError("", "unknown_entity", f"{raw.entity!r} is no kind of record that Mews has.")
    key_of(record, "Id")
    version = stamp(text_of(record.get("UpdatedUtc")))
    return [{**event, "version": version} for event in reader[raw.entity](record, env)]


def category_of(record):
    """Return what is stored of an accounting category: its name and class."""
    return compact({name: text_of(record.get(name)) for name in ("Name", "Code", "Classification")}) or None


# Guests


def _customer(record, env):
    key, target = key_of(record, "Id"), text_of(record.get("MergeTargetId"))
    values, warnings = _person(record)
    active = record.get("IsActive") is not False
    has_name = values.get("family_name") or values.get("given_name")
    if not active and not target:
        return [{"entity": "guest", "op": "tombstone" if has_name else "anonymise", "external_id": key}]
    events = []
    if compact(values):
        kind = "group" if "PaymasterAccount" in list_of(record, "Classifications") else "person"
        events.append(
            compact({"entity": "guest", "external_id": key, "kind": kind, "values": values, "warnings": warnings})
        )
    if target and target != key:
        return [*events, {"entity": "guest", "op": "merge", "external_id": key, "into": target}]
    if not events:
        return [{"entity": "guest", "op": "anonymise", "external_id": key}]
    options = list_of(record, "Options")
    if isinstance(record.get("Options"), list):
        # An option that isn't there may never have been asked for, or was taken back: the hotel knows its desk.
        unticked = "denied" if env.settings.get("unticked") == "denied" else "unknown"
        events += [
            {
                "entity": "consent",
                "external_id": f"{key}:{option}",
                "guest": key,
                "channel": channel,
                "state": "granted" if option in options else unticked,
                "source_field": f"Options.{option}",
            }
            for option, channel in CONSENTS.items()
        ]
    return events


def _person(record):
    """Return the canonical values of a customer, and warnings."""
    address = record.get("Address") if isinstance(record.get("Address"), dict) else {}
    email, warnings = text_of(record.get("Email")), []
    if email and record.get("HasOtaEmail") is True:
        # An address that the channel has made up for one booking names nobody.
        email, warnings = None, ["email:proxy"]
    classes = [text_of(item) for item in list_of(record, "Classifications")]
    names = (text_of(record.get("LastName")), text_of(record.get("SecondLastName")))
    language = text_of(record.get("PreferredLanguageCode")) or text_of(record.get("LanguageCode"))
    loyalty, diet = text_of(record.get("LoyaltyCode")), text_of(record.get("DietaryRequirements"))
    values = {
        "salutation": text_of(record.get("CustomTitleName")) or text_of(record.get("Title")),
        "given_name": text_of(record.get("FirstName")),
        "family_name": " ".join(filter(None, names)) or None,
        "gender": {"Male": "male", "Female": "female"}.get(text_of(record.get("Sex"))),
        "birthdate": birthdate_of(text_of(record.get("BirthDate"))),
        "nationality": country_of(text_of(record.get("NationalityCode"))),
        "lang": language if language and len(language) <= 35 else None,
        "emails": present(email),
        "phones": present(text_of(record.get("Phone"))),
        "street": text_of(address.get("Line1")),
        "street2": text_of(address.get("Line2")),
        "zip": text_of(address.get("PostalCode")),
        "city": text_of(address.get("City")),
        "state": text_of(address.get("CountrySubdivisionCode")),
        "country": country_of(text_of(address.get("CountryCode"))),
        "vip": next((word for word in VIP if word in classes), None),
        "notes": text_of(record.get("Notes")),
        "memberships": [{"number": loyalty}] if loyalty else None,
        "preferences": [
            {"code": word} for item in list_of(record, "PreferredSpaceFeatures") if (word := text_of(item))
        ],
        "diet": [{"text": diet}] if diet else None,
    }
    return compact(values), warnings


def _company(record, env):
    key = key_of(record, "Id")
    if record.get("IsActive") is False:
        return [{"entity": "guest", "op": "tombstone", "external_id": key}]
    values = {
        "name": text_of(record.get("Name")),
        "vat": text_of(record.get("TaxIdentifier")),
        "emails": present(text_of(record.get("InvoicingEmail"))),
        "phones": present(text_of(record.get("Telephone"))),
    }
    return [{"entity": "guest", "external_id": key, "kind": "company", "values": compact(values)}]


# Stays


def _reservation(record, env):
    key = key_of(record, "Id")
    beside = record.get("Beside") if isinstance(record.get("Beside"), dict) else {}
    account = text_of(record.get("AccountId"))
    is_company = record.get("AccountType") == "Company"
    companions = [one for item in list_of(beside, "Companions") if (one := text_of(item)) and one != account]
    people = [{"guest": account, "role": "primary"}] if account and not is_company else []
    people += [
        {"guest": one, "role": "companion" if people or index else "primary"} for index, one in enumerate(companions)
    ]
    booker = text_of(record.get("BookerId"))
    if booker and booker != account:
        people.append({"guest": booker, "role": "booker"})
    state, reason = text_of(record.get("State")), text_of(record.get("CancellationReason"))
    status = "no_show" if state == "Canceled" and reason == "NoShow" else STATES.get(state)
    booking = text_of(record.get("GroupId")) or key
    numbers = [text_of(item) for item in list_of(beside, "Numbers")]
    origins = filter(None, (text_of(record.get("Origin")), text_of(record.get("CommanderOrigin"))))
    channel = "/".join(origins) or None
    common = {"property": env.property or None}
    stay = {
        **common,
        "entity": "stay",
        "external_id": key,
        "booking": booking,
        "guests": people,
        "status": status,
        "status_raw": ": ".join(filter(None, (state, reason))) or None,
        "arrival": _day(record, "ScheduledStartUtc", env.tz),
        "departure": _day(record, "ScheduledEndUtc", env.tz),
        "checked_in_at": utc(text_of(record.get("ActualStartUtc"))),
        "checked_out_at": utc(text_of(record.get("ActualEndUtc"))),
        "booked_on": local_day(text_of(record.get("CreatedUtc")), env.tz),
        "cancelled_on": local_day(text_of(record.get("CancelledUtc")), env.tz),
        "room_type": text_of(beside.get("RoomType")) or text_of(record.get("RequestedResourceCategoryId")),
        "room": text_of(beside.get("Room")) or text_of(record.get("AssignedResourceId")),
        "rate_plan": text_of(beside.get("Rate")) or text_of(record.get("RateId")),
        "market": text_of(beside.get("Segment")) or text_of(record.get("BusinessSegmentId")),
        "channel": channel,
        **_counts(record, beside),
        "purpose": PURPOSES.get(text_of(record.get("Purpose"))),
    }
    return [
        compact(
            {
                **common,
                "entity": "booking",
                "external_id": booking,
                "booker": booker,
                "company": account if is_company else text_of(record.get("PartnerCompanyId")),
                "agency": text_of(record.get("TravelAgencyId")),
                "confirmation": numbers[0] if numbers else text_of(record.get("Number")),
                "channel_ref": text_of(record.get("ChannelNumber")),
                "group_code": text_of(record.get("AvailabilityBlockId")),
            }
        ),
        compact(stay),
    ]


def _day(record, name, tz):
    """Return the date of an instant at the property."""
    day = local_day(text_of(record.get(name)), tz)
    if day is None:
        raise ParseError(name, "bad_date", f"{name} is not a time: {str(record.get(name))[:40]!r}.")
    return day


def _counts(record, beside):
    """Return adults and children; ages of unknown class count as adults."""
    adults = children = 0
    ages = beside.get("Ages") if isinstance(beside.get("Ages"), dict) else {}
    counts = dicts_of(record, "PersonCounts")
    for index, item in enumerate(counts):
        number = count_of(item.get("Count"), f"PersonCounts.{index}.Count") or 0
        if ages.get(text_of(item.get("AgeCategoryId")) or "") in ("Child", "Infant"):
            children += number
        else:
            adults += number
    return {"adults": adults, "children": children} if counts else {}


# Money


def _money(record, name, where):
    amount = record.get(name)
    return amount_of(path(amount, where), f"{name}.{where}") if isinstance(amount, dict) else None


def _tax(record):
    values = [
        amount_of(item.get("Value"), f"Amount.TaxValues.{i}.Value")
        for i, item in enumerate(dicts_of(record, "Amount", "TaxValues"))
    ]
    return sum(filter(None, values), Decimal()) if values else None


def _item(record, env):
    key = key_of(record, "Id")
    beside = record.get("Beside") if isinstance(record.get("Beside"), dict) else {}
    if beside.get("IsStay") is False:
        return []  # an order at an outlet that no stay pays for
    kind, category = text_of(record.get("Type")), beside.get("Category")
    category = category if isinstance(category, dict) else {}
    if record.get("AccountingState") in ("Canceled", "Inactive") or record.get("CanceledUtc"):
        state = "void"
    else:
        state = "allowance" if kind in REBATES else "live"
    event = {
        "entity": "charge",
        "external_id": key,
        "stay": key_of(record, "ServiceOrderId"),
        "business_date": local_day(text_of(record.get("ConsumedUtc")), env.tz),
        "department": TYPES.get(kind) or CLASSES.get(text_of(category.get("Classification")), "other"),
        "code": text_of(category.get("Code")),
        "name": text_of(record.get("BillingName")) or text_of(category.get("Name")) or kind or "Item",
        "category": text_of(category.get("Name")),
        "quantity": record.get("UnitCount"),
        "currency": text_of(path(record, "Amount", "Currency")) or env.currency or None,
        "amount_gross": _money(record, "Amount", "GrossValue"),
        "amount_net": _money(record, "Amount", "NetValue"),
        "amount_tax": _tax(record),
        "state": state,
        "reverses": text_of(path(record, "Data", "Rebate", "RebatedItemId")),
    }
    return [compact(event)]


def _payment(record, env):
    key, stay = key_of(record, "Id"), text_of(record.get("ReservationId"))
    if not stay:
        return []
    amount = _money(record, "Amount", "GrossValue")
    if amount is None:
        raise ParseError("Amount.GrossValue", "missing_field", "The payment has no amount.")
    state = "live" if record.get("State") in ("Charged", None) else "void"
    if state == "live" and (text_of(record.get("Kind")) in ("Refund", "Chargeback") or amount > 0):
        state = "refund"
    kind = text_of(record.get("Type"))
    event = {
        "entity": "payment",
        "external_id": key,
        "stay": stay,
        "paid_at": utc(text_of(record.get("ChargedUtc")) or text_of(record.get("ConsumedUtc"))),
        "method": METHODS.get(text_of(path(record, "Data", "External", "Type")) or "") or METHODS.get(kind, "other"),
        "currency": text_of(path(record, "Amount", "Currency")) or env.currency or None,
        "amount": -amount,  # Mews writes what is received with a minus
        "state": state,
    }
    return [compact(event)]
