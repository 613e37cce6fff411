import hashlib

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ...tools.claim import lane_env


class HospitalityPrivacyLimit(models.Model):
    """How often a public page was used from an address or for an e-mail address, shared by all workers.

    A row is a window of time of one key; keys are hashes. Counting is one statement in a transaction of its own, so
    that neither a rollback nor two requests at once lose a count.
    """

    _name = "hospitality.privacy.limit"
    _description = "Use of a Public Page"
    _log_access = False
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True, size=64)
    began_at = fields.Datetime(required=True, readonly=True)
    used = fields.Integer(required=True, readonly=True)

    _key_uniq = models.Constraint("UNIQUE (key)", "There is one counter per key.")
    _began_idx = models.Index("(began_at)")

    @api.model
    def _take(self, kind, value, limit, seconds):
        """Count one use.

        :param str kind: what is limited
        :param str value: address or e-mail address
        :param int limit: most uses in a window
        :param int seconds: length of the window
        :return: 0 when it may go on, else the seconds to wait
        """
        env = self.sudo().env  # the secret of the database
        digest = tools.hmac(env, "hospitality-privacy-limit", f"{kind}:{value}", hashlib.sha256)
        with lane_env(self.env) as env:
            [(used, wait)] = env.execute_query(
                SQL(
                    """INSERT INTO hospitality_privacy_limit AS l (key, began_at, used)
                       VALUES (%(key)s, now() AT TIME ZONE 'UTC', 1)
                           ON CONFLICT (key) DO UPDATE
                          SET used = CASE WHEN l.began_at < %(since)s THEN 1 ELSE l.used + 1 END,
                              began_at = CASE WHEN l.began_at < %(since)s THEN now() AT TIME ZONE 'UTC'
                                              ELSE l.began_at END
                    RETURNING used, ceil(extract(epoch FROM began_at - now() AT TIME ZONE 'UTC') + %(secs)s)::int""",
                    key=digest,
                    secs=seconds,
                    since=SQL("now() AT TIME ZONE 'UTC' - make_interval(secs => %s)", seconds),
                )
            )
        return 0 if used <= limit else max(wait, 1)

    @api.autovacuum
    def _gc_windows(self):
        self.env.cr.execute(
            "DELETE FROM hospitality_privacy_limit WHERE began_at < now() AT TIME ZONE 'UTC' - interval '1 day'"
        )
