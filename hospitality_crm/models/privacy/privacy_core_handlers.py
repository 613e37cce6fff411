"""What the models of Odoo's own apps mean for erasing and exporting a guest, whether they are installed or not."""

from odoo.tools import SQL

from .privacy_handler import ALL, PrivacyHandler, Via

_BOOKS = "The books are kept as long as the law asks; texts that it doesn't ask for are emptied."
_HASHED = SQL("EXISTS (SELECT FROM account_move h WHERE h.id = t.move_id AND h.inalterable_hash IS NOT NULL)")
_ERASED = SQL("%s", "***")
_ERASED_KEY = SQL("'erased-' || t.id")

# The person is a party of these rows by an id alone; what may stand in their texts is struck out.
_LINKED = (
    "account.analytic.account",
    "account.analytic.distribution.model",
    "account.reconcile.model",
    "account.reconcile.model.line",
    "product.supplierinfo",
    "stock.lot",
    "stock.move",
    "stock.move.line",
    "stock.quant",
    "stock.rule",
    "stock.scrap",
    "stock.warehouse",
)
# They exist for a person and go with him.
_DELETED = (
    "calendar.attendee",
    "calendar.filters",
    "discuss.channel.member",
    "discuss.channel.rtc.session",
    "mail.activity",
    "mail.followers",
    "mail.message.reaction",
    "mail.notification",
    "mail.presence",
    "mail.push.device",
    "mail.scheduled.message",
    "res.users.settings.volumes",
    "sms.sms",
    "snailmail.letter",
    "website.visitor",
    "website.track",
    "product.wishlist",
)
# Pairs of model and id in them name configuration, never a row of a person that anybody needs.
_TECHNICAL = (
    "ir.act_window",
    "ir.actions.act_window",
    "ir.actions.server",
    "ir.default",
    "ir.embedded.actions",
    "ir.ui.menu",
    "mail.alias",
    "product.template",
    "res.company",
    "res.users.settings.embedded.action",
    "theme.ir.ui.view",
)


def get_core_handlers():
    """Return ``{model: PrivacyHandler}`` of models of Odoo's apps, installed or not."""
    handlers = {name: PrivacyHandler(erase="keep", reason=_BOOKS, own=False) for name in _LINKED}
    handlers |= {name: PrivacyHandler(erase="delete", own=False) for name in _DELETED}
    handlers |= {name: PrivacyHandler(erase="none", export=False, own=False, plain=ALL) for name in _TECHNICAL}
    return (
        handlers
        | _get_contact_handlers()
        | _get_app_handlers()
        | _get_mail_handlers()
        | _get_sales_handlers()
        | _get_book_handlers()
    )


def _get_contact_handlers():
    return {
        "res.partner": PrivacyHandler(
            method="_erase_partners",
            mentions=("parent_id", "commercial_partner_id"),
            portable=True,
            hide=("signup_type", "peppol_eas", "suppressed"),
        ),
        "res.partner.bank": PrivacyHandler(
            erase="delete",
            blank=("acc_holder_name", "note", "clearing_number"),
            fill={"acc_number": _ERASED_KEY, "sanitized_acc_number": _ERASED_KEY},
        ),
        "res.users": PrivacyHandler(method="_erase_users", hide=("password", "totp_secret", "signature")),
        "ir.attachment": PrivacyHandler(
            method="_erase_files",
            via=(Via("mail_message", "attachment_id", through="message_attachment_rel", back="message_id"),),
            hide=("index_content", "access_token", "store_fname", "checksum", "key", "db_datas"),
            own=False,
        ),
        "ir.model.data": PrivacyHandler(erase="none", method="_erase_external_ids", export=False, own=False),
        "mail.guest": PrivacyHandler(
            blank=("email", "timezone", "lang"),
            fill={"name": _ERASED},
            addresses={"email": "email"},
            hide=("access_token",),
        ),
        "calendar.event": PrivacyHandler(
            blank=("description", "notes", "location", "videocall_location"),
            fill={"name": _ERASED},
            via=(Via("calendar_event_res_partner_rel", "calendar_event_id", up=True, mention=True),),
            hide=("access_token",),
        ),
        "crm.lead": PrivacyHandler(
            blank=(
                *(
                    "contact_name",
                    "partner_name",
                    "email_from",
                    "email_normalized",
                    "email_cc",
                    "email_domain_criterion",
                ),
                *("phone", "phone_sanitized", "function", "website", "street", "street2", "zip", "city"),
                *("description", "referred", "reveal_id", "lead_properties"),
            ),
            fill={"name": _ERASED},
            addresses={"email_normalized": "email", "phone_sanitized": "phone"},
        ),
        "rating.rating": PrivacyHandler(
            blank=("feedback", "publisher_comment"),
            fill={"res_name": _ERASED},
            mentions=("rated_partner_id", "publisher_id"),
            hide=("access_token",),
            reason="The score stays as a figure.",
        ),
    }


def _get_app_handlers():
    return {
        "event.registration": PrivacyHandler(blank=("email", "phone", "name"), addresses={"email": "email"}),
        "survey.user_input": PrivacyHandler(erase="delete", addresses={"email": "email"}, hide=("access_token",)),
        "project.task": PrivacyHandler(
            blank=("email_from", "email_cc", "partner_name", "partner_phone", "description")
        ),
    }


def _get_mail_handlers():
    message = (Via("mail_message", "mail_message_id"),)
    return {
        "mail.message": PrivacyHandler(
            method="_erase_messages",
            received=True,
            # What was sent to him is somebody else's message about him.
            via=(
                Via("mail_message_res_partner_rel", "mail_message_id", up=True, mention=True),
                Via("mail_notification", "mail_message_id", up=True, mention=True),
                Via("mail_mail", "mail_message_id", up=True, mention=True),
            ),
            hide=("message_id", "reply_to", "incoming_email_to", "incoming_email_cc"),
        ),
        "mail.tracking.value": PrivacyHandler(method="_erase_tracking", via=message, own=False, hide=("field_info",)),
        "mail.mail": PrivacyHandler(
            erase="delete",
            via=(*message, Via("mail_mail_res_partner_rel", "mail_mail_id", up=True)),
            addresses={"email_to": "text"},
            export=False,
            own=False,
        ),
        "discuss.channel": PrivacyHandler(
            erase="keep",
            via=(Via("discuss_channel_member", "channel_id", up=True, mention=True),),
            export=False,
            own=False,
            reason="The talk of others.",
        ),
        "mail.link.preview": PrivacyHandler(erase="none", export=False, own=False, plain=ALL),
        "mail.blacklist": PrivacyHandler(erase="delete", addresses={"email": "email"}, own=True),
        "phone.blacklist": PrivacyHandler(erase="delete", addresses={"number": "phone"}, own=True),
        "mailing.contact": PrivacyHandler(
            erase="delete", addresses={"email_normalized": "email", "phone_sanitized": "phone"}, portable=True
        ),
        "mailing.subscription": PrivacyHandler(
            erase="delete", via=(Via("mailing_contact", "contact_id"),), own=False, portable=True
        ),
        "mailing.trace": PrivacyHandler(
            blank=("email", "message_id", "sms_number", "failure_reason"),
            hide=("message_id", "sms_code"),
            own=False,
            reason="Counts of a mailing stay.",
        ),
        "link.tracker.click": PrivacyHandler(
            blank=("ip", "mailing_trace_id"), via=(Via("mailing_trace", "mailing_trace_id"),), own=False
        ),
        "privacy.log": PrivacyHandler(erase="none", export=False, own=False, plain=ALL),
        "data_recycle.record": PrivacyHandler(erase="delete", export=False, own=False),
    }


def _get_sales_handlers():
    return {
        "loyalty.card": PrivacyHandler(fill={"code": _ERASED_KEY}, reason="Points are owed until they are settled."),
        "loyalty.history": PrivacyHandler(
            fill={"description": _ERASED},
            via=(Via("loyalty_card", "card_id"),),
            reason="Points are owed until settled.",
        ),
        "sale.order": PrivacyHandler(
            blank=("note", "signed_by", "client_order_ref", "access_token"),
            # Whoever gets a present has not ordered it.
            mentions=("partner_shipping_id", "partner_invoice_id"),
            hide=("access_token",),
            reason=_BOOKS,
        ),
        "sale.order.line": PrivacyHandler(erase="keep", via=(Via("sale_order", "order_id"),), reason=_BOOKS, own=False),
        "pos.order": PrivacyHandler(
            blank=("email", "mobile", "floating_order_name", "general_customer_note", "internal_note"),
            hide=("access_token", "ticket_code", "uuid", "last_order_preparation_change", "internal_note"),
            reason=_BOOKS,
        ),
        "pos.order.line": PrivacyHandler(
            blank=("customer_note", "note", "notice"),
            via=(Via("pos_order", "order_id"),),
            own=False,
            hide=("uuid", "note"),
            reason=_BOOKS,
        ),
        "pos.payment": PrivacyHandler(
            blank=("card_no", "cardholder_name", "ticket"),
            via=(Via("pos_order", "pos_order_id"),),
            own=False,
            hide=("uuid", "ticket", "transaction_id"),
            reason=_BOOKS,
        ),
        "payment.token": PrivacyHandler(
            erase="delete", fill={"provider_ref": _ERASED_KEY}, blank=("payment_details",), hide=("provider_ref",)
        ),
        "payment.transaction": PrivacyHandler(
            blank=(
                *("partner_name", "partner_email", "partner_phone", "partner_address", "partner_zip", "partner_city"),
                "state_message",
            ),
            hide=("provider_reference", "landing_route"),
            reason=_BOOKS,
        ),
        "stock.picking": PrivacyHandler(blank=("note",), reason=_BOOKS),
    }


def _get_book_handlers():
    return {
        "account.move": PrivacyHandler(
            blank=("narration", "invoice_source_email", "access_token"),
            mentions=("partner_shipping_id",),
            hide=("access_token", "inalterable_hash", "sending_data"),
            reason=_BOOKS,
        ),
        "account.move.line": PrivacyHandler(
            erase="keep", via=(Via("account_move", "move_id"),), keep=_HASHED, own=False, export=False, reason=_BOOKS
        ),
        "account.payment": PrivacyHandler(erase="keep", reason=_BOOKS),
        "account.bank.statement.line": PrivacyHandler(
            blank=("partner_name", "account_number", "transaction_details"), own=False, reason=_BOOKS
        ),
        "account.analytic.line": PrivacyHandler(erase="keep", own=False, reason=_BOOKS),
    }
