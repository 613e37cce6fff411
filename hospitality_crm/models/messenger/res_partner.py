import base64
import binascii
import struct
import time

from odoo import api, models, tools
from odoo.tools import SQL

SCOPE = "hospitality-messenger"
#: How long a link by which a guest connects his messenger holds.
LINK_SECONDS = 14 * 24 * 3600
_HEAD = struct.Struct(">II")
_MAC_BYTES = 16


class ResPartner(models.Model):
    """The messengers of a guest: handles such as ``telegram:123`` in his own profile, and links to connect one.

    Core's signed tokens are too long for the start parameter of a bot (64 characters), so these are 33 bytes: guest,
    end, and half of an HMAC over both, the channel and the handles that he has. With the first use the handles change,
    and so the link is worth nothing any more.
    """

    _inherit = "res.partner"

    def _get_handles(self):
        """Return the handles of a guest."""
        self.ensure_one()
        self.env["hospitality.profile"].flush_model(["values", "partner_id", "state"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT h.value FROM hospitality_profile p,
                          jsonb_array_elements_text(p.values->'handles') AS h(value)
                    WHERE p.partner_id = %s AND p.state IN ('live', 'superseded') ORDER BY 1""",
                self.id,
            )
        )
        return [row[0] for row in rows]

    def _add_handle(self, handle):
        """Connect a messenger of the guest; the newest one comes first."""
        self.ensure_one()
        profile = self._get_odoo_profile().sudo()  # profiles are written by the system only
        known = (profile.values or {}).get("handles", [])
        if handle not in known:
            profile.write({"values": {**(profile.values or {}), "handles": [handle, *known]}})

    def _get_start_token(self, provider):
        """Return what a link carries by which the guest connects himself to a bot."""
        self.ensure_one()
        head = _HEAD.pack(self.id, int(time.time()) + LINK_SECONDS)
        token = head + self._get_start_mac(provider, head)
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    def _get_start_mac(self, provider, head):
        env = self.sudo().env  # the secret of the database
        parts = (provider.code, head.hex(), self._get_handles())
        return bytes.fromhex(tools.hmac(env, SCOPE, parts))[:_MAC_BYTES]

    @api.model
    def _find_by_start_token(self, provider, token):
        """Return the guest whom a token connects, empty when it isn't valid (any more)."""
        nobody = self.browse()
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return nobody
        if len(raw) != _HEAD.size + _MAC_BYTES:
            return nobody
        head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
        partner_id, end = _HEAD.unpack(head)
        partner = self.browse(partner_id).exists() if partner_id < 1 << 31 else nobody
        if (
            not partner
            or end < time.time()
            or not tools.consteq(partner._get_start_mac(provider, head).hex(), mac.hex())
        ):
            return nobody
        return self.browse(partner._get_merged_targets()[partner.id])

    def _get_start_links(self, brand=None):
        """Return the links by which a guest connects his messengers: ``[(provider, url)]``."""
        self.ensure_one()
        Provider = self.env["hospitality.message.provider"].sudo()  # links are for guests
        found = []
        for provider in Provider.search([("channel", "=", "messenger"), ("kind", "!=", "webhook")]):
            if provider.brand_id and brand and provider.brand_id != brand:
                continue
            settings = {"username": provider.username or ""}
            url = provider._get_engine().get_start_link(settings, self._get_start_token(provider))
            if url:
                found.append((provider, url))
        return found
