from odoo import api, models
from odoo.tools import SQL

from .merge_handler import MergeHandler
from .merge_source import Unique

# A signature or hash over the order stands in one of these columns of a fiscal addon.
_POS_SIGNATURES = (
    "l10n_fr_hash",
    "l10n_at_pos_order_signature",
    "l10n_de_fiskaly_signature_value",
    "blackbox_signature",
    "fiscal_receipt_number",
    "l10n_es_tbai_post_document_id",
)
_HASHED_MOVE = SQL("EXISTS (SELECT FROM account_move h WHERE h.id = t.move_id AND h.inalterable_hash IS NOT NULL)")
_NOMINATIVE = (
    "active AND program_id IN (SELECT id FROM loyalty_program WHERE applies_on = 'both'"
    " OR (applies_on = 'future' AND program_type IN ('ewallet', 'loyalty')))"
)


class HospitalityMerge(models.Model):
    """What a merge means for models that need more than another id in a column."""

    _inherit = "hospitality.merge"

    @api.model
    def _merge_handlers(self):
        """Return the handlers of models: ``{model name: MergeHandler}``. Other addons extend this.

        A model without one follows by rule: its rows get the winner's id; where that breaks a unique
        key or a check, the row stays with the archived contact.
        """
        handlers = {
            # The core writes what a company shares with the contacts below it into them.
            "res.partner": MergeHandler(
                shown=tuple(("parent_id", name, name) for name in self._get_commercial_columns())
            ),
            "ir.attachment": MergeHandler(
                uniques=(Unique(("res_model", "res_id", "res_field"), "res_field IS NOT NULL"),),
                needs=("res_model", "res_id", "res_field"),
            ),
            "res.partner.bank": MergeHandler(shown=(("partner_id", "acc_holder_name", "name"),)),
            "hospitality.allergy": MergeHandler(after="_settle_allergies", again=True),
        }
        optional = {
            "calendar.attendee": MergeHandler(uniques=(("event_id", "partner_id"),)),
            "website.visitor": MergeHandler(uniques=(("partner_id",),), after="_settle_visitors"),
            "loyalty.card": MergeHandler(
                uniques=(Unique(("program_id", "partner_id"), _NOMINATIVE),),
                needs=("active",),
                after="_settle_loyalty_cards",
            ),
            "account.move": MergeHandler(keep=SQL("t.inalterable_hash IS NOT NULL")),
            "account.move.line": MergeHandler(keep=_HASHED_MOVE),
            "account.payment": MergeHandler(keep=_HASHED_MOVE),
            "account.bank.statement.line": MergeHandler(keep=_HASHED_MOVE),
            "account.analytic.line": MergeHandler(
                keep=SQL(
                    "EXISTS (SELECT FROM account_move_line l JOIN account_move h ON h.id = l.move_id"
                    " WHERE l.id = t.move_line_id AND h.inalterable_hash IS NOT NULL)"
                )
            ),
        }
        handlers.update((name, handler) for name, handler in optional.items() if name in self.env)
        if "pos.order" in self.env:
            signed = self._get_pos_signature()
            if signed is not None:
                handlers["pos.order"] = MergeHandler(keep=signed)
        return handlers

    @api.model
    def _get_kept_documents(self):
        """Return the models with documents that stay with an archived contact, and why: ``{model: sentence}``."""
        sealed = self.env._("The entry is sealed by an inalterability hash, which names the contact.")
        reasons = {
            "account.move": sealed,
            "account.payment": sealed,
            "account.bank.statement.line": sealed,
            "pos.order": self.env._("The order is signed for the tax authorities with the contact it was made for."),
        }
        return {name: reason for name, reason in reasons.items() if name in self.env}

    @api.model
    def _get_pos_signature(self):
        """Return the condition that a fiscal addon has signed a POS order, None without such an addon."""
        columns = [
            SQL("%s IS NOT NULL", SQL.identifier("t", name))
            for name in _POS_SIGNATURES
            if (field := self.env["pos.order"]._fields.get(name)) and field.store and field.column_type
        ]
        return SQL(" OR ").join(columns) if columns else None

    # -- allergies ---------------------------------------------------------------------------

    @api.model
    def _settle_allergies(self, plan):
        """Withdraw the statement that a guest has no allergies where another of his records names one."""
        reason = self.env._("Merged with a record that names an allergy.")
        rows = self.env.execute_query(
            SQL(
                """UPDATE hospitality_allergy a
                      SET active = FALSE, withdrawn_by_id = %(uid)s, withdrawn_on = now() AT TIME ZONE 'UTC',
                          withdrawn_reason = %(reason)s
                    WHERE a.partner_id = ANY(%(winners)s) AND a.active AND a.kind = 'none'
                      AND EXISTS (SELECT FROM hospitality_allergy o WHERE o.partner_id = a.partner_id AND o.active
                                     AND o.kind NOT IN ('none', 'diet'))
                RETURNING a.id, a.partner_id, withdrawn_on""",
                uid=self.env.uid,
                reason=reason,
                winners=plan.winners,
            )
        )
        merge_of = {group.winner: group.merge_id for group in plan.groups}
        old = {"active": True, "withdrawn_by_id": None, "withdrawn_on": None, "withdrawn_reason": None}
        plan.lines += [
            {
                "merge_id": merge_of[partner_id],
                "kind": "value",
                "table_name": "hospitality_allergy",
                "row_ids": [allergy_id],
                "payload": {
                    "old": old,
                    "new": {
                        "active": False,
                        "withdrawn_by_id": self.env.uid,
                        "withdrawn_on": withdrawn_on.isoformat(),
                        "withdrawn_reason": reason,
                    },
                },
            }
            for allergy_id, partner_id, withdrawn_on in rows
        ]

    # -- website -----------------------------------------------------------------------------

    @api.model
    def _settle_visitors(self, plan):
        """Give a visitor who followed his contact the access token that goes with it: the contact's id."""
        rows = self.env.execute_query(
            SQL(
                """UPDATE website_visitor v SET access_token = v.partner_id::text
                     FROM %s WHERE v.partner_id = m.winner AND v.access_token = m.loser::text
                RETURNING v.id, m.loser, m.winner, m.merge_id, m.loser_id""",
                plan.relation(),
            )
        )
        plan.lines += [
            {
                "merge_id": merge_id,
                "loser_id": loser_id,
                "kind": "value",
                "table_name": "website_visitor",
                "row_ids": [visitor_id],
                "payload": {"old": {"access_token": str(loser)}, "new": {"access_token": str(winner)}},
            }
            for visitor_id, loser, winner, merge_id, loser_id in rows
        ]

    # -- loyalty cards -------------------------------------------------------------------------

    @api.model
    def _settle_loyalty_cards(self, plan):
        """Give the points of a card that stays behind to the winner's card of the same programme.

        A guest has one card per programme. The other one is emptied and archived; both get a line
        in their history, so that it adds up. Points of an expired card are not revived.
        """
        parked = {
            card_id: (merge_id, loser_id) for _row, card_id, loser_id, merge_id in plan.parked.get("loyalty_card", ())
        }
        if not parked:
            return
        rows = self.env.execute_query(
            SQL(
                """SELECT c.id, c.points, c.code, w.id, w.code
                     FROM loyalty_card c
                     JOIN %s ON m.loser = c.partner_id
                     JOIN LATERAL (SELECT x.id, x.code FROM loyalty_card x
                                    WHERE x.partner_id = m.winner AND x.program_id = c.program_id AND x.active
                                    ORDER BY x.id LIMIT 1) w ON TRUE
                    WHERE c.id = ANY(%s) AND c.active
                      AND (c.expiration_date IS NULL OR c.expiration_date >= current_date)
                    ORDER BY c.id FOR UPDATE OF c""",
                plan.relation(),
                list(parked),
            )
        )
        for card_id, points, code, target_id, target_code in rows:
            lines = self._move_points((card_id, code), (target_id, target_code), points or 0.0)
            merge_id, loser_id = parked[card_id]
            plan.lines += [{"merge_id": merge_id, "loser_id": loser_id, **line} for line in lines]

    @api.model
    def _move_points(self, card, target, points):
        """Move points from one card to another by SQL: no mail, no communication plan. Return the journal."""
        cr = self.env.cr
        cr.execute(SQL("UPDATE loyalty_card SET points = 0, active = FALSE WHERE id = %s", card[0]))
        cr.execute(SQL("UPDATE loyalty_card SET points = coalesce(points, 0) + %s WHERE id = %s", points, target[0]))
        lines = [
            {
                "kind": "value",
                "table_name": "loyalty_card",
                "row_ids": [card[0]],
                "payload": {"old": {"points": points, "active": True}, "new": {"points": 0, "active": False}},
            },
            {
                "kind": "value",
                "table_name": "loyalty_card",
                "row_ids": [target[0]],
                "payload": {"old": {"points": 0}, "new": {"points": points}, "sum": ["points"]},
            },
        ]
        if points:
            texts = (
                (card[0], 0.0, points, self.env._("Merged into card %s", target[1])),
                (target[0], points, 0.0, self.env._("Merged from card %s", card[1])),
            )
            ids = []
            for card_id, issued, used, text in texts:
                cr.execute(
                    SQL(
                        """INSERT INTO loyalty_history (card_id, issued, used, description, create_uid, create_date,
                                                        write_uid, write_date)
                           VALUES (%(card)s, %(issued)s, %(used)s, %(text)s, %(uid)s, now() AT TIME ZONE 'UTC',
                                   %(uid)s, now() AT TIME ZONE 'UTC') RETURNING id""",
                        card=card_id,
                        issued=issued,
                        used=used,
                        text=text,
                        uid=self.env.uid,
                    )
                )
                ids.append(cr.fetchone()[0])
            lines.append({"kind": "effect", "table_name": "loyalty_history", "row_ids": ids})
        return lines
