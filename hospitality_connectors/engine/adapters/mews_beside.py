"""What is stored beside records of Mews, which name rooms, rates and people by keys alone."""

from ..network.errors import Declined, Denied
from .mews_parse import category_of
from .records import path
from .shape import words
from .values import dicts_of, text_of

RESERVATIONS = "reservations/getAll/2023-06-06"
ACTIVITY = ["Active", "Deleted"]
MOST_NUMBERS = 50


def complete_reservations(adapter, ctx, records):
    """Return reservations with names, companions and the numbers of their group.

    :param adapter: with ``list_all`` and ``scope``
    """
    names = _names(adapter, ctx)
    companions, numbers = {}, {}
    ids = [record["Id"] for record in records if text_of(record.get("Id"))]
    for one in adapter.list_all(ctx, "companionships/getAll", "Companionships", {"ReservationIds": ids}):
        companions.setdefault(text_of(one.get("ReservationId")), set()).add(text_of(one.get("CustomerId")))
    groups = _keys(records, "GroupId")
    chosen = {**adapter.scope(ctx, "reservations"), "ReservationGroupIds": groups}
    for one in adapter.list_all(ctx, RESERVATIONS, "Reservations", chosen) if groups else ():
        numbers.setdefault(text_of(one.get("GroupId")), set()).add(text_of(one.get("Number")))
    complete = []
    for record in records:
        ages = {text_of(count.get("AgeCategoryId")) for count in dicts_of(record, "PersonCounts")}
        others = filter(None, companions.get(text_of(record.get("Id")), ()))
        group = filter(None, numbers.get(text_of(record.get("GroupId")), ()))
        beside = {
            "Room": names.get(text_of(record.get("AssignedResourceId"))),
            "RoomType": names.get(text_of(record.get("RequestedResourceCategoryId"))),
            "Rate": names.get(text_of(record.get("RateId"))),
            "Segment": names.get(text_of(record.get("BusinessSegmentId"))),
            "Ages": {key: names[key] for key in sorted(filter(None, ages)) if key in names},
            "Companions": sorted(others),
            "Numbers": sorted(group, key=lambda number: (len(number), number))[:MOST_NUMBERS],
        }
        complete.append({**record, "Beside": beside})
    return complete


def complete_items(adapter, ctx, records):
    """Return order items with their category, and whether their order is a reservation or one of an outlet."""
    names, orders = _names(adapter, ctx), _keys(records, "ServiceOrderId")
    chosen = {**adapter.scope(ctx, "reservations"), "ReservationIds": orders}
    found = adapter.list_all(ctx, RESERVATIONS, "Reservations", chosen) if orders else ()
    stays = {text_of(one.get("Id")) for one in found}
    complete = []
    for record in records:
        beside = {
            "IsStay": text_of(record.get("ServiceOrderId")) in stays,
            "Category": names.get(text_of(record.get("AccountingCategoryId"))),
        }
        complete.append({**record, "Beside": beside})
    return complete


def _keys(records, name):
    return sorted({key for record in records if (key := text_of(record.get(name)))})


def _names(adapter, ctx):
    """Return names and classes by key, at most an hour old."""
    return ctx.memo("names", lambda: _read_names(adapter, ctx))


def _read_names(adapter, ctx):
    names = {}

    def read(operation, key, value, body):
        try:
            records = adapter.list_all(ctx, operation, key, body)
        except (Declined, Denied):
            return []  # the token has no right to this list: keys stand in for the names
        names.update({one["Id"]: found for one in records if text_of(one.get("Id")) and (found := value(one))})
        return records

    def named(record):
        return text_of(record.get("Name"))

    scope = adapter.scope(ctx, "items")
    services = words(ctx.settings.get("services")) or [
        one["Id"]
        for one in read("services/getAll", "Services", lambda one: None, scope)
        if path(one, "Data", "Discriminator") == "Bookable" or one.get("Type") == "Reservable"
    ]
    chosen = {**scope, "ServiceIds": services}
    extent = {"Extent": {"Rates": True, "AvailabilityBlockAssignments": False}}
    read("resources/getAll", "Resources", named, {**scope, "Extent": {"Resources": True}})
    read("resourceCategories/getAll", "ResourceCategories", _short_name, {**chosen, "ActivityStates": ACTIVITY})
    read("rates/getAll", "Rates", _short_name, {**chosen, **extent})
    read("businessSegments/getAll", "BusinessSegments", named, chosen)
    read("ageCategories/getAll", "AgeCategories", lambda one: text_of(one.get("Classification")), chosen)
    read("accountingCategories/getAll", "AccountingCategories", category_of, scope)
    return names


def _short_name(record):
    """Return the short name of a record in the first of its languages, else its name."""
    for label in ("ShortName", "ShortNames", "Names", "Name"):
        value = record.get(label)
        if isinstance(value, dict):
            value = next((text for _language, text in sorted(value.items()) if text_of(text)), None)
        if text_of(value):
            return text_of(value)
    return None
