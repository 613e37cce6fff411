import os
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

PREFIX = "HOSPITALITY_SECRET_"
LONGEST_SECRET = 16_384
CODE = re.compile(r"[A-Z0-9]{2,32}")


class HospitalityConnector(models.Model):
    """What the administrator enters for a connector: settings in the open, secrets that are never shown.

    A secret is looked for in the environment of the server first (``HOSPITALITY_SECRET_CODE_NAME``, and
    ``HOSPITALITY_SECRET_CODE_NAME_OLD`` for one that is being replaced), then among those that were entered.
    """

    _inherit = "hospitality.connector"

    code = fields.Char(
        copy=False,
        help="Capital letters and digits. Secrets of this connector may then come from the environment of the server:"
        " HOSPITALITY_SECRET_CODE_NAME.",
    )
    settings_form = fields.Json(compute="_compute_settings_form")
    secret_changes = fields.Json(
        compute="_compute_secret_changes",
        inverse="_inverse_secret_changes",
        copy=False,
        groups="hospitality_crm.group_hospitality_admin",
        help="Takes secrets and never shows one.",
    )
    missing_settings = fields.Char(compute="_compute_missing_settings", help="Nothing is fetched without them.")

    _code_uniq = models.Constraint("UNIQUE (code)", "Another connector has this code.")

    @api.constrains("code")
    def _check_code(self):
        for connector in self:
            if connector.code and not CODE.fullmatch(connector.code):
                raise ValidationError(
                    self.env._("The code of a connector has 2 to 32 capital letters and digits, and nothing else.")
                )

    @api.constrains("settings", "adapter")
    def _check_settings(self):
        for connector in self:
            if not isinstance(connector.settings or {}, dict):
                raise ValidationError(self.env._("The settings of a connector are names with values."))
            for setting in connector._get_adapter().settings:
                if setting.name in (connector.settings or {}):
                    connector._check_setting(setting, connector.settings[setting.name])

    def _check_setting(self, setting, value):
        if setting.secret:
            raise ValidationError(
                self.env._("%(label)s is a secret: enter it where it is encrypted.", label=setting.label)
            )
        if setting.choices and value and value not in setting.choices:
            raise ValidationError(
                self.env._("%(label)s is one of: %(choices)s.", label=setting.label, choices=", ".join(setting.choices))
            )

    @api.depends("adapter", "settings")
    @api.depends_context("lang")
    def _compute_settings_form(self):
        translate = self.env["hospitality.connector.inbox"]._get_translator()
        words = self.env["hospitality.connector.words"]._get_choice_words()
        stored = self.env["hospitality.connector.secret"].sudo()._get_state(self)  # whether there is one, no value
        for connector in self:
            entries = []
            for setting in connector._get_adapter().settings if connector.adapter else ():
                entry = {
                    "name": setting.name,
                    "label": translate(setting.label),
                    "help": translate(setting.help) if setting.help else "",
                    "required": setting.required,
                    "secret": setting.secret,
                    "default": setting.default,
                    "choices": [[choice, words.get(choice, choice)] for choice in setting.choices],
                }
                if setting.secret:
                    key = (connector._origin.id, setting.name)
                    until = stored.get(key)
                    entry["from_environment"] = bool(connector._get_environment(setting.name))
                    entry["is_set"] = key in stored or entry["from_environment"]
                    entry["old_until"] = fields.Datetime.to_string(until) if until else False
                entries.append(entry)
            connector.settings_form = entries

    @api.depends("settings_form")
    def _compute_missing_settings(self):
        for connector in self:
            connector.missing_settings = ", ".join(
                entry["label"]
                for entry in connector.settings_form or ()
                if entry["required"]
                and not (
                    entry["is_set"]
                    if entry["secret"]
                    else (connector.settings or {}).get(entry["name"]) or entry["default"]
                )
            )

    def _compute_secret_changes(self):
        self.secret_changes = False

    def _inverse_secret_changes(self):
        """Take what was entered: ``{name: {"value": text} or {"remove": "all"|"old"}}``."""
        for connector in self:
            for name, change in (connector.secret_changes or {}).items():
                if not isinstance(change, dict):
                    raise UserError(self.env._("A secret is entered in the form of its connector."))
                if change.get("remove"):
                    connector._remove_secret(name, old_only=change["remove"] == "old")
                elif change.get("value"):
                    connector._set_secret(name, change["value"])
        self.invalidate_recordset(["secret_changes", "settings_form", "missing_settings"])

    def _set_secret(self, name, value):
        """Keep a secret; the one before counts for requests of the vendor for some days more.

        :raise UserError: the adapter knows no secret of this name, or the value can't be one
        """
        self._check_secret(name)
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_SECRET or "\x00" in value:
            raise UserError(self.env._("A secret is a text of at most %s characters.", LONGEST_SECRET))
        self.env["hospitality.connector.secret"].sudo()._store(self, name, value)  # the right was checked
        self._log_secret(name, "secret set")

    def _remove_secret(self, name, old_only=False):
        """Forget a secret, or only the replaced value of it, at once."""
        self._check_secret(name)
        self.env["hospitality.connector.secret"].sudo()._remove(self, name, old_only)  # the right was checked
        self._log_secret(name, "replaced secret removed" if old_only else "secret removed")

    def _check_secret(self, name):
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group("hospitality_crm.group_hospitality_admin"):
            raise AccessError(self.env._("Secrets of connectors are entered by administrators of the guest CRM."))
        self.check_access("write")
        if name not in self._get_secret_names():
            raise UserError(self.env._("The connector %(name)s has no such secret.", name=self.name))

    def _log_secret(self, name, details):
        self.env["hospitality.access.log"]._log("connector", self, details=details, fields=[name])

    def _get_secret_names(self):
        return [setting.name for setting in self._get_adapter().settings if setting.secret]

    def _get_settings(self):
        """Return the settings, with the adapter's defaults where nothing was entered."""
        self.ensure_one()
        entered = {name: value for name, value in (self.settings or {}).items() if value not in (None, "")}
        defaults = {s.name: s.default for s in self._get_adapter().settings if s.default and not s.secret}
        return {**defaults, **entered}

    def _get_adapter_env(self, records=None):
        env = super()._get_adapter_env(records)
        return env._replace(settings={**env.settings, **self._get_settings()})

    def _get_secrets(self):
        """Return the secrets in use in clear, by name. Keep them in memory as short as possible.

        :raise UserError: the key outside the database is missing
        """
        return {name: values[0] for name, values in self._read_secrets(used_only=True).items()}

    def _get_hook_secrets(self, rows=None):
        """Return the secrets that may prove a request of the vendor, lists by name, the newest first.

        :param rows: those of `hospitality.connector.secret`, where they have been read
        :raise UserError: the key outside the database is missing
        """
        return self._read_secrets(rows=rows)

    def _read_secrets(self, used_only=False, rows=None):
        self.ensure_one()
        stored = self.env["hospitality.connector.secret"].sudo()._read_values(self, rows)  # nobody may read them
        result = {}
        for name in {*stored, *self._get_secret_names()}:
            known = self._get_environment(name) or stored.get(name, ())
            values = [value for value, is_used in known if is_used or not used_only]
            if values:
                result[name] = values
        return result

    def _get_environment(self, name):
        """Return what the environment of the server holds for a secret, in the form of the stored ones."""
        if not self.code:
            return []
        variable = f"{PREFIX}{self.code}_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"
        current, old = (os.environ.get(key, "").strip() for key in (variable, f"{variable}_OLD"))
        return [pair for pair in ((current, True), (old, False)) if pair[0]] if current else []

    def write(self, vals):
        before = {connector: dict(connector.settings or {}) for connector in self} if "settings" in vals else {}
        result = super().write(vals)
        for connector, old in before.items():
            new = connector.settings or {}
            changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            if changed:
                self.env["hospitality.access.log"]._log(
                    "connector", connector, details="settings changed", fields=changed
                )
        return result
