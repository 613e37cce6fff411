"""Six guests with rows in every table that can point at a contact, and what may happen to them."""

import base64
import contextlib
import datetime
import itertools
import random
import uuid
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from .merge_dump import Dump, Windows
from .merge_planter import Planter
from .merge_references import PROPERTIES

GUESTS = 6
OUTSIDER = "PROOF-OUTSIDER"
MERGES = 500
"""Windows from here on belong to merges and their undoing."""
PIXEL = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
)


def build_world(env):
    """Make the guests and plant everything; return ``(guests, profiles, planter)``.

    :return: ``guests`` a recordset, ``profiles`` ``{guest id: id of his profile of the PMS}``
    """
    _add_fields(env)
    source = env["hospitality.source"].create({"name": "Proof PMS", "code": "proof_pms", "kind": "pms"})
    profiles = env["hospitality.profile"].create(
        [
            {
                "source_id": source.id,
                "external_id": f"proof-{number}",
                "seen_at": datetime.datetime(2026, 1, 1 + number),
                "values": {
                    "given_name": "Anna",
                    "family_name": f"Proof{'abcdef'[number]}",
                    "emails": [f"anna{number}@proof.example"],
                    "phones": [f"+38044123450{number}"],
                    "street": f"Street {number}",
                    "city": "Kyiv",
                    "country": "UA",
                    "birthdate": "1980-05-06",
                },
            }
            for number in range(GUESTS)
        ]
    )
    guests = profiles.partner_id
    by_guest = {profile.partner_id.id: profile.id for profile in profiles}
    _add_rows(env, guests)
    env["hospitality.match"].create(
        [
            {
                "profile_id": one.id,
                "other_profile_id": other.id,
                "partner_id": one.partner_id.id,
                "other_partner_id": other.partner_id.id,
                "score": 3,
                "band": "ask",
                "evidence": [],
            }
            for one, other in zip(profiles, profiles[1:], strict=False)
        ]
    )
    env.flush_all()
    planter = Planter(env, by_guest)
    planter.plant(guests.ids)
    env.invalidate_all()
    env["hospitality.stay"]._refresh_shares(env["hospitality.stay"].search([]).ids)
    env["hospitality.guest.dirty"]._refresh_guests(guests.ids)
    env.flush_all()
    env.cr.precommit.run()
    env.cr.postcommit.clear()
    return guests, by_guest, planter


def _add_fields(env):
    """Kinds of references that the installed addons may not have."""
    category = env["ir.model"]._get("res.partner.category")
    common = {"model_id": category.id, "state": "manual"}
    env["ir.model.fields"].create(
        [
            {**common, "name": "x_proof_reference", "ttype": "reference", "field_description": "Reference"},
            {
                **common,
                "name": "x_proof_company_partner",
                "ttype": "many2one",
                "relation": "res.partner",
                "company_dependent": True,
                "field_description": "Contact per company",
            },
        ]
    )
    one, several = PROPERTIES
    env["properties.base.definition"]._get_definition_for_property_field("res.partner", "properties").write(
        {
            "properties_definition": [
                {"name": one, "string": "Friend", "type": "many2one", "comodel": "res.partner"},
                {"name": several, "string": "Friends", "type": "many2many", "comodel": "res.partner"},
            ]
        }
    )


def _add_rows(env, guests):
    """What the database's own keys do not tell: avatars, tags in common, shared followers, defaults."""
    shared = env["res.partner.category"].create([{"name": "Shared"}, {"name": "Also shared"}])
    terms = env["account.payment.term"].search([], limit=GUESTS) if "account.payment.term" in env else []
    outsider = env["res.partner"].create(
        {"name": "Outsider", "ref": OUTSIDER, "phone": "+380441234999", "email": "outsider@proof.example"}
    )
    for number, guest in enumerate(guests):
        guest.image_1920 = PIXEL
        guest.category_id = [Command.set(shared.ids[: 1 + number % 2])]
        guest.message_subscribe([outsider.id, guests[number - 1].id])
        guest.message_post(body=f"Note {number}")
        guest.comment = f"<p>Comment {number}</p>" if number % 2 else False
        guest.function = f"Guest {number}" if number % 3 else False
        guest.barcode = f"PROOF{number}"
        if terms:
            guest.property_payment_term_id = terms[number % len(terms)]
        env["hospitality.stay"].create(_stay_values(env, guest.id, f"first-{number}"))
    # Guests who name each other, one below a company.
    guests[0].properties = {PROPERTIES[0]: guests[1].id}
    guests[2].properties = {PROPERTIES[0]: guests[3].id, PROPERTIES[1]: [outsider.id, guests[4].id]}
    guests[4].parent_id = env["res.partner"].create({"name": "Proof Ltd", "is_company": True, "vat": "PROOF-VAT"})
    env["ir.default"].set("res.partner.category", "x_proof_company_partner", guests[1].id)
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "login": "proof_portal",
            "partner_id": guests[0].id,
            "name": guests[0].name,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )


def _stay_values(env, partner_id, key):
    prop = env["hospitality.property"].search([("code", "=", "T-PROOF")])
    prop = prop or env["hospitality.property"].create({"name": "Proof House", "code": "T-PROOF", "tz": "Europe/Kyiv"})
    return {
        "partner_id": partner_id,
        "property_id": prop.id,
        "arrival": datetime.date(2026, 3, 1),
        "departure": datetime.date(2026, 3, 4),
        "status": "checked_out",
        "amount_total": 300,
        "external_id": f"proof-stay-{key}",
    }


class Course:
    """One course of events over the world: with merges, or the same without.

    Steps are ``(name, arguments)``; arguments are fixed when a step is drawn, so that a course can be run again.
    ``merge`` and ``undo`` do nothing in a course without merges.
    """

    def __init__(self, env, guests, profiles, planter, merging):
        self.env = env
        self.guests = guests.with_env(env)
        self.profiles = profiles
        self.planter = planter
        self.merging = merging
        self.windows = Windows(env)
        self.merges = []
        self.refused = []
        self.number = 0

    # What happens

    def golden(self, guest_id):
        """Who stands for a guest now."""
        return self.env["res.partner"].browse(guest_id)._get_merged_target().id if self.merging else guest_id

    def active(self):
        return sorted({self.golden(guest) for guest in self.guests.ids})

    def run(self, step):
        name, arguments = step
        self.number += 1
        mine = name in ("merge", "undo")
        if mine and not self.merging:
            return
        with self._moment(self.number + (MERGES if mine else 0)):
            getattr(self, f"do_{name}")(*arguments)
            self.settle()

    @contextlib.contextmanager
    def _moment(self, number):
        """Ids, time and chance that depend on the number of the step alone."""
        self.windows.open(number)
        random.seed(number)
        keys = (uuid.UUID(int=number * 1000 + step) for step in itertools.count())
        now = datetime.datetime(2026, 7, 1) + datetime.timedelta(minutes=number)
        with freeze_time(now), patch("uuid.uuid4", lambda: next(keys)):
            yield

    def settle(self):
        """What a commit would do."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.cr.postcommit.clear()
        self.env.invalidate_all()

    def finish(self):
        """Undo what is merged, the newest first where the order matters, and let the lanes run."""
        while any(merge.state == "done" for merge in self.merges):
            for merge in reversed([merge for merge in self.merges if merge.state == "done"]):
                self.run(("undo", (self.merges.index(merge),)))
        with self._moment(MERGES - 1):
            self.env["hospitality.guest.dirty"]._refresh_guests(self.guests.ids)
            self.settle()

    def find_lost(self, gone=()):
        """Return planted rows that are no longer there, by id or, without one, for whoever stands for the guest.

        :param gone: ``(table, id)`` of rows that a step deleted
        """
        lost = []
        for table, keys in self.planter.planted.items():
            ids = [key for key in keys if isinstance(key, int) and (table, key) not in gone]
            if ids:
                query = SQL(
                    "SELECT n FROM unnest(%s) AS n WHERE NOT EXISTS (SELECT FROM %s t WHERE t.id = n)",
                    ids,
                    SQL.identifier(table),
                )
                lost += [(table, row_id) for (row_id,) in self.env.execute_query(query)]
            else:
                lost += [(table, row) for row in keys if not isinstance(row, int) and not self._is_there(table, row)]
        return lost

    def _is_there(self, table, row):
        columns = {reference.column for reference in self.planter.catalogue.of_table(table)}
        for change in (lambda value: value, self.golden):
            wanted = {name: change(value) if name in columns else value for name, value in row.items()}
            condition = SQL(" AND ").join(SQL("%s = %s", SQL.identifier(name), wanted[name]) for name in wanted)
            if self.env.execute_query(SQL("SELECT FROM %s WHERE %s", SQL.identifier(table), condition)):
                return True
        return False

    # Steps

    def do_merge(self, winner, losers):
        self.merges += self.env["hospitality.merge"]._merge_groups([(winner, list(losers), {"reason": "proof"})])

    def do_undo(self, index):
        try:
            with self.env.cr.savepoint():
                self.merges[index]._undo()
        except UserError as error:
            self.refused.append(str(error))

    def do_stay(self, guest, key):
        values = {**_stay_values(self.env, False, key), "profile_id": self.profiles[guest]}
        self.env["hospitality.stay"].create(values)

    def do_note(self, partner, key):
        self.env["res.partner"].browse(partner).message_post(body=f"Message {key}")

    def do_source_change(self, guest, key):
        profile = self.env["hospitality.profile"].browse(self.profiles[guest])
        number = int(key) % 10
        profile.write(
            {
                "values": {
                    **profile.values,
                    "family_name": f"Changed{'abcdefghij'[number]}",
                    "emails": [f"changed{key}@proof.example"],
                    "city": "Lviv",
                },
                "seen_at": datetime.datetime(2026, 6, 1, 0, 0, int(key) % 60),
            }
        )

    def do_type_contact(self, partner, key):
        self.env["res.partner"].browse(partner).write({"email": f"typed{key}@proof.example"})

    def do_type_address(self, partner, key):
        self.env["res.partner"].browse(partner).write(
            {
                "street": f"Typed {key}",
                "street2": f"Flat {key}",
                "city": f"Town {key}",
                "zip": f"0{key}",
                "state_id": False,
                "country_id": self.env.ref("base.ge").id,
            }
        )

    def do_edit(self, partner, column, key):
        self.env["res.partner"].browse(partner).write({column: f"Edited {key}"})

    def do_allergy(self, partner, key):
        self.env["hospitality.allergy"].create({"partner_id": partner, "kind": "allergy", "detail": f"Allergy {key}"})

    def do_tag(self, partner, key):
        tag = self.env["res.partner.category"].create({"name": f"Tag {key}"})
        self.env["res.partner"].browse(partner).category_id = [Command.link(tag.id)]

    def do_order(self, partner, key):
        if "sale.order" in self.env:
            self.env["sale.order"].create({"partner_id": partner, "client_order_ref": f"Order {key}"})

    def do_touch_row(self, table, row_id, column, key):
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(table),
                SQL.identifier(column),
                f"Touched {key}",
                row_id,
            )
        )

    def do_repoint(self, model, row_id, column, partner):
        self.env[model].browse(row_id).write({column: partner})

    def do_delete_row(self, table, row_id):
        self.env.cr.execute(SQL("DELETE FROM %s WHERE id = %s", SQL.identifier(table), row_id))


class Drawer:
    """Draw the next step of a course at random, with all its arguments."""

    # Nothing hangs on rows of these by a key that would take other rows along.
    DELETABLE = ("mail_activity", "calendar_attendee", "rating_rating", "hospitality_special_date")
    TOUCHED = (
        ("crm_lead", "name"),
        ("sale_order", "client_order_ref"),
        ("mail_message", "subject"),
        ("account_move", "ref"),
        ("hospitality_preference", "value"),
        ("rating_rating", "access_token"),
    )
    REPOINTED = (("crm.lead", "partner_id"), ("pos.order", "partner_id"), ("sms.sms", "partner_id"))
    KINDS = (
        *("merge",) * 7,
        *("undo",) * 4,
        *("stay", "note", "source_change", "type_contact", "type_address", "edit", "allergy", "tag", "order"),
        *("touch_row", "repoint", "delete_row"),
    )

    def __init__(self, course, chance):
        self.course = course
        self.chance = chance
        self.gone = set()
        self.outsider = course.env["res.partner"].search([("ref", "=", OUTSIDER)]).id

    def draw(self):
        """Return a step, or None when the drawn one is not possible now."""
        kind = self.chance.choice(self.KINDS)
        arguments = getattr(self, f"_draw_{kind}", self._draw_golden)(str(self.course.number))
        return (kind, arguments) if arguments else None

    def _draw_golden(self, key):
        return self.chance.choice(self.course.active()), key

    def _draw_merge(self, _key):
        active = self.course.active()
        if len(active) < 2:
            return None
        chosen = self.chance.sample(active, min(len(active), self.chance.choice((2, 2, 2, 3, 4))))
        return chosen[0], tuple(chosen[1:])

    def _draw_undo(self, _key):
        open_ones = [index for index, merge in enumerate(self.course.merges) if merge.state == "done"]
        return (self.chance.choice(open_ones),) if open_ones else None

    def _draw_stay(self, key):
        return self.chance.choice(sorted(self.course.profiles)), key

    _draw_source_change = _draw_stay

    def _draw_edit(self, key):
        return self.chance.choice(self.course.active()), self.chance.choice(("comment", "function", "ref")), key

    def _draw_touch_row(self, key):
        table, column = self.chance.choice(self.TOUCHED)
        row_id = self._draw_row(table)
        return row_id and (table, row_id, column, key)

    def _draw_repoint(self, _key):
        model, column = self.chance.choice(self.REPOINTED)
        row_id = self._draw_row(model.replace(".", "_"))
        return row_id and (model, row_id, column, self.outsider)

    def _draw_delete_row(self, _key):
        table = self.chance.choice(self.DELETABLE)
        row_id = self._draw_row(table)
        if row_id:
            self.gone.add((table, row_id))
        return row_id and (table, row_id)

    def _draw_row(self, table):
        rows = [key for key in self.course.planter.planted.get(table, ()) if (table, key) not in self.gone]
        return self.chance.choice(rows) if rows else None


def start(env):
    """Build the world and remember it; return ``(guests, profiles, planter, dump)``."""
    Windows(env).open(0)  # an earlier world's last course may have left the ids of a step
    guests, profiles, planter = build_world(env)
    dump = Dump(env)
    dump.keep_start()
    return guests, profiles, planter, dump
