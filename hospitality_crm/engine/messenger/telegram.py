"""Telegram Bot API: https://core.telegram.org/bots/api."""

from .provider import Incoming, Outcome, Provider, Request, key_of, part, post_json, same, text_of, time_of, unclear

# Descriptions of errors that mean: this chat doesn't take messages of the bot.
_GONE = (
    "blocked by the user",
    "user is deactivated",
    "chat not found",
    "can't initiate conversation",
    "peer_id_invalid",
)


class Telegram(Provider):
    """A bot. The handle is the id of the private chat, which equals the id of the user."""

    kind = "telegram"
    api_url = "https://api.telegram.org"
    secrets = ("token", "hook_secret")
    settings = ("username",)
    rate = 25  # "The API will not allow bulk notifications to more than ~30 users per second" (Bots FAQ)
    longest = 4096

    def _call(self, credentials, method, payload):
        base = (credentials.get("api_url") or self.api_url).rstrip("/")
        token = credentials["token"]
        return post_json(f"{base}/bot{token}/{method}", payload, secrets=(token,))

    def prepare(self, credentials, outgoing):
        refusal = self._refuse_text(outgoing)
        if refusal:
            return refusal
        if not outgoing.address.lstrip("-").isdigit():
            return Outcome("failed", error="the chat id isn't a number", unreachable=True)
        payload = {"chat_id": int(outgoing.address), "text": outgoing.text}
        if outgoing.buttons:
            payload["reply_markup"] = {
                "inline_keyboard": [[{"text": label, "url": url}] for label, url in outgoing.buttons]
            }
        return self._call(credentials, "sendMessage", payload)

    def read_answer(self, status, answer, wait=None):
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            return unclear(status, wait)
        if answer["ok"]:
            return Outcome("sent", external_ref=key_of(part(answer, "result").get("message_id")) or None)
        code = answer.get("error_code") if isinstance(answer.get("error_code"), int) else status
        error = f"{code} {text_of(answer.get('description'), 300)}"
        if code == 429:
            return Outcome("later", error=error, wait=time_of(part(answer, "parameters").get("retry_after")) or wait)
        if code >= 500:
            return Outcome("later", error=error, wait=wait)
        gone = any(phrase in error.lower() for phrase in _GONE)
        # 401: the token is wrong; 404: there is no bot of this token.
        return Outcome("failed", error=error, unreachable=gone, broken=not gone and code in (401, 404))

    def verify(self, credentials, headers, body, now):
        return same(headers.get("X-Telegram-Bot-Api-Secret-Token"), credentials.get("hook_secret"))

    def parse(self, credentials, headers, payload):
        event_id = key_of(payload.get("update_id")) if isinstance(payload, dict) else ""
        if not event_id:
            return []
        member = part(payload, "my_chat_member")
        if member:
            return self._parse_member(event_id, member)
        message = part(payload, "message")
        chat = part(message, "chat")
        address = key_of(chat.get("id"))
        text = text_of(message.get("text"))
        if chat.get("type") != "private" or not address or not text:
            return []
        common = {"event_id": event_id, "address": address, "at": time_of(message.get("date"))}
        command, _blank, token = text.partition(" ")
        if command.lower() == "/start":
            return [Incoming(kind="start", token=token.strip()[:64], **common)]
        return [Incoming(kind="text", text=text, **common)]

    def _parse_member(self, event_id, member):
        chat = part(member, "chat")
        address = key_of(chat.get("id"))
        status = part(member, "new_chat_member").get("status")
        if chat.get("type") != "private" or not address or status != "kicked":
            return []
        return [Incoming(event_id, "blocked", address, at=time_of(member.get("date")))]

    def get_test(self, credentials):
        request = self._call(credentials, "getMe", {})
        return Request("POST", *request[1:])

    def read_test(self, status, answer):
        if status == 200 and isinstance(answer, dict) and answer.get("ok") is True:
            return True, text_of(part(answer, "result").get("username"), 100)
        return False, self.read_answer(status, answer).error or ""

    def get_registration(self, credentials, url):
        payload = {
            "url": url,
            "secret_token": credentials["hook_secret"],
            "allowed_updates": ["message", "my_chat_member"],
        }
        request = self._call(credentials, "setWebhook", payload)
        return request._replace(secrets=(*request.secrets, credentials["hook_secret"]))

    def get_start_link(self, credentials, token):
        username = credentials.get("username")
        return f"https://t.me/{username.lstrip('@')}?start={token}" if username else ""
