"""Places, channels and logins of the demo group in a database. Everything is made once and then left alone."""

from odoo import Command
from odoo.exceptions import UserError

from . import places
from .hotels import CHANNELS

PASSWORD = "atlantico"  # a demo on a loopback address; the loader's caller shows it
FRESH_COMPANIES = ("My Company", "YourCompany")


def ensure(env, model, key, values):
    """Return the record with the given key values, made with ``values`` where there is none."""
    domain = [(name, "=", value) for name, value in key.items()]
    record = env[model].with_context(active_test=False).search(domain, limit=1)
    return record or env[model].create({**key, **values})


def load(env):
    """Create company, brands, properties, rooms, outlets and channels.

    :return: ``{code: hospitality.property}``
    """
    company = _company(env)
    portugal = env.ref("base.pt")
    brands = {
        code: ensure(env, "hospitality.brand", {"code": code}, {"name": name, "email_from": sender})
        for code, name, sender in places.BRANDS
    }
    found = {}
    for sequence, (code, name, kind, brand, address) in enumerate(places.PROPERTIES, 1):
        street, zip_code, city, email, phone = address
        prop = env["hospitality.property"].with_context(active_test=False).search([("code", "=", code)])
        if not prop:
            partner = env["res.partner"].create(
                {
                    "name": name,
                    "is_company": True,
                    "company_id": company.id,
                    **{"street": street, "zip": zip_code, "city": city, "email": email, "phone": phone},
                    "country_id": portugal.id,
                }
            )
            prop = prop.create(
                {
                    **{"code": code, "name": name, "kind": kind, "sequence": sequence * 10},
                    **{"brand_id": brands[brand].id, "company_id": company.id, "address_id": partner.id},
                    **{"tz": places.TZ, "currency_id": env.ref("base.EUR").id, "country_id": portugal.id},
                    "room_count": len(places.rooms(code)) if kind == "hotel" else 0,
                }
            )
        found[code] = prop
    for code, outlet, name, kind in places.OUTLETS:
        ensure(
            env,
            "hospitality.outlet",
            {"property_id": found[code].id, "code": outlet},
            {"name": name, "kind": kind},
        )
    for code in places.ROOM_TYPES:
        _rooms(env, code, found[code])
    for sequence, (code, (name, kind)) in enumerate(CHANNELS.items(), 1):
        ensure(
            env,
            "hospitality.channel",
            {"code": code},
            {"name": name, "kind": kind, "sequence": sequence * 10},
        )
    return found


def _company(env):
    """Return the company of the group: one that is still as installed, else a new one."""
    company = env["res.company"].search([("name", "=", places.GROUP)], limit=1)
    if company:
        return company
    euro = env.ref("base.EUR")
    euro.active = True
    fresh = env.ref("base.main_company", raise_if_not_found=False)
    if fresh and fresh.name in FRESH_COMPANIES:
        try:
            with env.cr.savepoint():
                fresh.write({"name": places.GROUP, "currency_id": euro.id, "country_id": env.ref("base.pt").id})
        except UserError:
            fresh = None  # its currency is in use already
        if fresh:
            return fresh
    company = env["res.company"].create(
        {"name": places.GROUP, "currency_id": euro.id, "country_id": env.ref("base.pt").id}
    )
    env.ref("base.user_admin").company_ids = [Command.link(company.id)]
    return company


def _rooms(env, code, prop):
    zones = {
        zone: ensure(env, "hospitality.zone", {"property_id": prop.id, "code": zone}, {"name": name})
        for zone, name in places.ZONES[code]
    }
    types = {
        room_type: ensure(
            env,
            "hospitality.room.type",
            {"property_id": prop.id, "code": room_type},
            {"name": name, "capacity": capacity},
        )
        for room_type, (name, capacity, _count) in places.ROOM_TYPES[code].items()
    }
    known = set(
        env["hospitality.room"].with_context(active_test=False).search([("property_id", "=", prop.id)]).mapped("code")
    )
    env["hospitality.room"].create(
        [
            {
                **{"property_id": prop.id, "code": number, "name": number},
                "room_type_id": types[room_type].id,
                "zone_id": zones[places.zone_of(code, number)].id,
            }
            for number, room_type in places.rooms(code)
            if number not in known
        ]
    )


def load_users(env, found):
    """Create one login per role.

    :param dict found: of :func:`load`
    :return: list of ``{"role", "login", "password", "hint"}``
    """
    company = found["CITY"].company_id
    rows = []
    for login, name, role, hint in places.USERS:
        group = env.ref(f"hospitality_crm.group_hospitality_{role}")
        user = env["res.users"].with_context(active_test=False, no_reset_password=True).search([("login", "=", login)])
        if not user:
            user.create(
                {
                    **{"login": login, "name": name, "password": PASSWORD, "tz": places.TZ},
                    **{"email": f"{login}@atlantico.internal", "company_id": company.id},
                    "company_ids": [Command.set(company.ids)],
                    "group_ids": [Command.set([group.id, env.ref("base.group_user").id])],
                }
            )
        rows.append({"role": group.name, "login": login, "password": PASSWORD, "hint": hint})
    return rows
