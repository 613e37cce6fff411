import datetime

from odoo import api, fields, models


class HospitalityMessageTexts(models.AbstractModel):
    """The reasons of the gate in words."""

    _name = "hospitality.message.texts"
    _description = "Reasons of message decisions"

    @api.model
    def _get_texts(self):
        """Return the sentence for each code of a reason; other subjects extend this with their own codes."""
        return {
            "gone": self.env._("The contact is archived or was merged into another guest."),
            "no_address": self.env._("No address is known for this channel."),
            "address_kind": self.env._(
                "The address isn't the guest's own: it is a booking portal's relay, or is shared by several guests."
            ),
            "unreachable": self.env._("The address can't be reached: messages to it have come back."),
            "blacklisted": self.env._("The address is on the blacklist."),
            "suppressed": self.env._("Somebody who was erased has asked that nothing is sent to this address."),
            "minor": self.env._("The guest is too young for advertising."),
            "denied": self.env._("The guest has refused such messages."),
            "pending": self.env._("The guest has not confirmed his agreement yet."),
            "expired": self.env._("The guest's agreement has expired."),
            "no_consent": self.env._("The guest was never asked whether he agrees, or didn't answer."),
            "duplicate": self.env._("Another guest with the same address gets this message."),
            "already": self.env._("The guest has got this message under another record that was merged."),
            "too_late": self.env._("It could not go before its end."),
            "hold": self.env._("Nothing is sent while a hold is on the guest."),
            "priority": self.env._("A more important message goes first."),
            "quiet": self.env._("It is night where the guest lives."),
            "died": self.env._("The server stopped while the message was handed over. Nobody knows whether it went."),
        }

    @api.model
    def _tell(self, message):
        """Return why a message is in its state, in the reader's language; empty for one that was just sent."""
        details = message.details or {}
        text = self._tell_reason(message.reason, details)
        if message.reason == "too_late" and details.get("wait"):
            text = f"{text} {self._tell_reason(details['wait'], details)}"
        if message.state == "postponed" and message.due_at:
            at = fields.Datetime.context_timestamp(message, message.due_at)
            text = self.env._("%(reason)s It is looked at again at %(time)s.", reason=text, time=f"{at:%Y-%m-%d %H:%M}")
        return text

    @api.model
    def _tell_history(self, message):
        """Return the earlier decisions on a message, a line for each, oldest first."""
        states = dict(message._fields["state"]._description_selection(self.env))
        lines = []
        for time, state, reason in message.history or ():
            at = fields.Datetime.context_timestamp(message, fields.Datetime.to_datetime(time.replace("T", " ")))
            told = self._tell_reason(reason, message.details or {})
            lines.append(" ".join(filter(None, [f"{at:%Y-%m-%d %H:%M}", states.get(state, state), told])))
        return "\n".join(lines)

    @api.model
    def _tell_reason(self, code, details):
        if not code:
            return ""
        if code == "cap":
            return self._tell_cap(details)
        if code == "hold" and details.get("complaint"):
            return self.env._("Nothing is sent while a complaint of the guest is open.")
        by_user = code.removeprefix("decided by user ")
        if by_user != code and by_user.isdigit():
            user = self.env["res.users"].sudo().browse(int(by_user)).exists()  # the name of a colleague
            return self.env._("%(name)s decided what became of it.", name=user.name or by_user)
        return self._get_texts().get(code, code)

    @api.model
    def _tell_cap(self, details):
        window = datetime.timedelta(hours=details.get("hours") or 0)
        labels = dict(self.env["hospitality.message"]._fields["channel"]._description_selection(self.env))
        values = {
            "limit": details.get("limit"),
            "days": window.days,
            "channel": labels.get(details.get("channel")) or self.env._("all channels"),
        }
        if details.get("own"):
            return self.env._(
                "The guest has got %(limit)s messages of this sender within %(days)s days already (%(channel)s).",
                **values,
            )
        return self.env._("The guest has got %(limit)s messages within %(days)s days already (%(channel)s).", **values)
