"""A guest with rows in every table that can hold something about him, and with texts that name him in all of them."""

import base64
import json

from odoo.tools import SQL, mute_logger

from .merge_planter import Planter
from .residue import COLUMNS

EMAIL, OLD_EMAIL, OLDER_EMAIL = (
    "vera.pimenova@proof-now.example",
    "v.pimenova@proof-old.example",
    "verap@proof-first.example",
)
PHONE = "+380501239876"
SURNAME, OLD_SURNAME = "Pimenova", "Chornohuzova"
TOKENS = (EMAIL, OLD_EMAIL, OLDER_EMAIL, SURNAME, OLD_SURNAME, "501239876", "50 123 98 76", "UA88PROOF77", "KEY-4711")
TEXT = f"Vera {SURNAME} ({EMAIL}, +380 50 123 98 76), once {OLD_SURNAME}, {OLD_EMAIL}"
#: Columns that name models, fields and tables, or that the machinery writes: no person's text gets there.
MACHINERY = frozenset(
    "model res_model res_field origin_model parent_res_model alias_model table_name column_name key_name mimetype"
    " store_fname checksum url type state external_id payload_hash access_token uuid token token_hash xml_id"
    " order_model alias_defaults python_method context domain model_name arch_db arch_prev message_type"
    " channel_type code key digest email_normalized phone_sanitized sanitized_acc_number sequence_prefix"
    " suppression json_value sub_channel_type message_id name_key complete_name method uid purpose_code"
    " notice_hash sha256 signup_type tz lang db_datas channel_last_seen inalterable_hash"
    " last_order_preparation_change analytic_distribution status_raw rate_plan meal_plan market deposit_kind"
    " confirmation channel_ref number waiter evidence evidence_text evidence_hash email_layout_xmlid parent_path"
    " embedded_actions_order embedded_actions_visibility".split()
)
CODES = {
    ("hospitality_privacy_request", "name"),
    *(("hospitality_message", column) for column in ("origin_ref", "provider", "reason")),
}
#: Tables of configuration that the planter needs rows of, to point at: nobody's data.
NOT_HIS = frozenset(
    "hospitality_brand hospitality_property hospitality_source hospitality_purpose hospitality_notice"
    " hospitality_notice_version ir_model_fields ir_ui_view ir_act_server ir_act_window ir_default ir_embedded_actions"
    " ir_ui_menu mail_alias product_template hospitality_merge hospitality_merge_loser theme_ir_ui_view res_partner"
    " mail_alias_domain res_groups hospitality_profile hospitality_guest_search"
    " hospitality_consent_event hospitality_consent_state".split()
)


def plant(env, source, prop):
    """Make the guest: two records that are merged, of a PMS and of Odoo, and rows everywhere.

    :return: ``(guest, {table: [ids]})``
    """
    Profile = env["hospitality.profile"]
    first = Profile.create(
        {
            "source_id": source.id,
            "external_id": "KEY-4711",
            "property_id": prop.id,
            "values": {
                "given_name": "Vera",
                "family_name": OLD_SURNAME,
                "emails": [OLD_EMAIL, OLDER_EMAIL],
                "vat": "UA88PROOF77",
            },
        }
    )
    second = Profile.create(
        {
            "source_id": source.id,
            "external_id": "KEY-4711-B",
            "values": {"given_name": "Vera", "family_name": SURNAME, "emails": [EMAIL], "phones": [PHONE]},
        }
    )
    guest, old = second.partner_id, first.partner_id
    profiles = {guest.id: second.id, old.id: first.id}
    planter = Planter(env, profiles)
    planter.plant([guest.id])
    planted = _get_linked(env, planter, guest)
    _write_texts(env, planted)
    _add_talk(env, guest, planted)
    guest._merge_guests(old, reason=f"{OLD_SURNAME} is {SURNAME} now")
    return guest, planted


def _get_linked(env, planter, guest):
    """Return the planted rows that point at the guest, not those that they need besides."""
    linked = {}
    for reference in planter.catalogue.references:
        ids = [key for key in planter.planted.get(reference.table, ()) if isinstance(key, int)]
        if ids and reference.kind in ("column", "pair"):
            query = SQL(
                "SELECT id FROM %s WHERE id = ANY(%s) AND %s",
                SQL.identifier(reference.table),
                ids,
                reference.condition([guest.id]),
            )
            linked.setdefault(reference.table, []).extend(row[0] for row in env.execute_query(query))
    return linked


def _write_texts(env, planted):
    """Let every planted row name the guest in each of its texts that the database lets it."""
    env.cr.execute(COLUMNS)
    columns = {}
    for table, column, kind in env.cr.fetchall():
        if table in planted and table not in NOT_HIS and column not in MACHINERY and kind != "bytea":
            columns.setdefault(table, []).append((column, kind))
    models_of = {model._table: model for model in env.values() if model._auto and not model._abstract}
    for table, names in columns.items():
        for column, kind in names:
            field = table in models_of and models_of[table]._fields.get(column)
            if (table, column) in CODES:
                continue
            if field and field.type not in ("char", "text", "html", "json"):
                continue
            if field and (field.translate or field.company_dependent):
                value = json.dumps({"en_US": TEXT} if field.translate else {str(env.company.id): TEXT})
            else:
                value = json.dumps({"said": TEXT}) if kind.startswith("json") else TEXT
            for row_id in planted[table]:
                _write_text(env, table, column, row_id, value)


def _write_text(env, table, column, row_id, value):
    """Write a text, else a short one; a column that refuses both stays as it is."""
    for text in (value, SURNAME):
        try:
            with mute_logger("odoo.sql_db"), env.cr.savepoint(flush=False):
                env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        text,
                        row_id,
                    )
                )
            return
        except Exception:  # noqa: BLE001 whatever a constraint or trigger says against it
            continue


def _add_talk(env, guest, planted):
    """Chatter, tracking, files, mail queue, lists, bus, wizards, settings: what has no reference to him too."""
    guest.message_post(body=TEXT, subject=SURNAME, email_from=EMAIL)
    other = env["res.partner"].create({"name": "Concierge Desk"})
    note = other.message_post(body=f"Ask Vera {SURNAME} about it: {EMAIL}")
    message = guest.message_ids[:1]
    field = env["ir.model.fields"]._get("res.partner", "email")
    env["mail.tracking.value"].create(
        {"mail_message_id": message.id, "field_id": field.id, "old_value_char": OLDER_EMAIL, "new_value_char": EMAIL}
    )
    env["ir.attachment"].create(
        [
            {
                "name": f"letter of {SURNAME}.txt",
                "raw": TEXT.encode(),
                "res_model": model,
                "res_id": res_id,
                "description": TEXT,
            }
            for model, res_id in (("res.partner", guest.id), ("mail.message", message.id))
        ]
    )
    guest.image_1920 = base64.b64encode(PIXEL)
    env["mail.mail"].create({"email_to": f'"Vera" <{OLD_EMAIL}>', "body_html": TEXT, "subject": SURNAME})
    env["mail.blacklist"].create({"email": OLD_EMAIL})
    env["mailing.contact"].create({"name": f"Vera {SURNAME}", "email": OLD_EMAIL})
    env["ir.filters"].create(
        {"name": f"Guest {EMAIL}", "model_id": "res.partner", "domain": f"[('email', '=', '{EMAIL}')]"}
    )
    env["base.partner.merge.automatic.wizard"].create({})
    env["bus.bus"].sudo().create({"channel": json.dumps("x"), "message": json.dumps({"text": TEXT})})
    env["ir.logging"].sudo().create(
        {
            "name": "x",
            "type": "server",
            "level": "info",
            "path": "x",
            "func": "x",
            "line": "1",
            "message": f"mail to {EMAIL}",
        }
    )
    planted["mail_message"] = [*planted.get("mail_message", ()), note.id]


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
