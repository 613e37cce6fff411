"""Reviews of Google Business Profile, by its API v4.9 (https://developers.google.com/my-business/reference/rest/v4).

Reviews come newest first by the time of their last change, fifty at most a page. A reviewer is a name and a picture: a
review is never linked to a guest by it. A review that its author takes back is missing from the list and nothing else,
so that the whole list is read each night.
"""

import base64
import json
import re
from datetime import timedelta

from ..adapter import (
    Adapter,
    Capabilities,
    Finding,
    Gone,
    Hint,
    Page,
    ParseError,
    Rate,
    Received,
    Setting,
    Stream,
    Token,
    register,
)
from ..hook.verify import SecretUrl
from ..network.errors import Strange
from ..redaction import redact_raw
from .records import compact, content, path, raw, stamp, utc

STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
PAGE = 50
NEWS = ("NEW_REVIEW", "UPDATED_REVIEW")
_NAME = re.compile(r"accounts/[^/]+/locations/[^/]+/reviews/[^/]+").fullmatch
# Google puts its own translation before the text of the guest, and the original below.
_ORIGINAL = re.compile(r"\(Original\)\s*", re.IGNORECASE)
_TRANSLATED = re.compile(r"^\(Translated by Google\)", re.IGNORECASE)


@register
class GoogleAdapter(Adapter):
    """Reviews of a place at Google."""

    code = "google"
    name = "Google Business Profile (Reviews)"
    settings = (
        Setting(
            "location",
            "Location",
            required=True,
            help="accounts/NUMBER/locations/NUMBER, as the Business Profile API names the place.",
        ),
        Setting("url", "Address", default="https://mybusiness.googleapis.com", help="Of the API."),
        Setting("token_url", "Address of the Sign-in", default="https://oauth2.googleapis.com/token"),
        Setting("client_id", "Client ID", required=True, help="Of the OAuth client in the Google Cloud console."),
        Setting("client_secret", "Client Secret", secret=True, required=True, help="Beside it."),
        Setting(
            "refresh_token",
            "Refresh Token",
            secret=True,
            required=True,
            help="Of an owner or manager of the profile, with the scope business.manage.",
        ),
    )
    # 300 queries a minute and project, by Google's page on usage limits.
    rates = {"": (Rate(300, 60),)}
    hook = SecretUrl()

    def capabilities(self):
        return Capabilities(frozenset({"review"}), "modified", guest_ids="none", webhook="hint")

    def streams(self, settings):
        return (
            Stream("reviews", every=900, overlap=timedelta(days=1), entity="review"),
            Stream("all", "sweep", entity="review", days=(0, 0)),
        )

    def account(self, settings):
        return settings.get("client_id", "")

    def token_owner(self, ctx):
        return (ctx.secret("refresh_token"),)

    def check(self, ctx):
        answer = self._ask(ctx, f"{ctx.settings['location']}/reviews", {"pageSize": 1})
        count = answer.get("totalReviewCount", 0)
        return [Finding("ok", f"The place has {count} reviews, {answer.get('averageRating', 0):.1f} stars on average.")]

    def sign_in(self, ctx):
        form = {"grant_type": "refresh_token", "client_id": ctx.settings["client_id"]}
        form |= {"client_secret": ctx.secret("client_secret"), "refresh_token": ctx.secret("refresh_token")}
        found = ctx.json(ctx.post(ctx.settings["token_url"], form=form, signed=False))
        if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
            raise Strange("The sign-in gives no access_token.")
        return Token(found["access_token"], float(found.get("expires_in") or 3600))

    def sign(self, ctx):
        return {"Authorization": f"Bearer {ctx.token()}"}

    def _ask(self, ctx, place, params=None, accept=()):
        answer = ctx.get(f"{ctx.settings['url']}/v4/{place}", params=params, accept=accept)
        if answer.status in accept:
            return None
        found = ctx.json(answer)
        if not isinstance(found, dict):
            raise Strange("The answer is no object.")
        return found

    def fetch_page(self, ctx, stream, window, cursor):
        params = {"pageSize": PAGE, "orderBy": "updateTime desc", "pageToken": cursor}
        answer = self._ask(ctx, f"{ctx.settings['location']}/reviews", params)
        reviews = [review for review in answer.get("reviews") or [] if isinstance(review, dict)]
        records = [self._raw(review, ctx) for review in reviews]
        token = answer.get("nextPageToken") or None
        if stream.kind != "sweep":
            since = window.start.timestamp()
            if any((stamp(review.get("updateTime")) or since) < since for review in reviews):
                token = None  # what follows is older still
            records = [record for record in records if record.version is None or record.version >= since]
        return Page(records, token, token is not None)

    def fetchable(self, settings):
        return {"review": "review"}

    def fetch_one(self, ctx, entity, external_id):
        review = self._ask(ctx, external_id, accept=(404,))
        return Gone() if review is None else [self._raw(review, ctx)]

    def _raw(self, review, ctx):
        return raw("review", str(review.get("name")), review, stamp(review.get("updateTime")), _naive(ctx))

    def redact(self, raw_record):
        return redact_raw(raw_record, keep=("name", "reviewid"), drop=("profilePhotoUrl",))

    def parse(self, raw_record, env):
        review = content(raw_record)
        name = review.get("name")
        if not isinstance(name, str) or not name:
            raise ParseError("name", "missing_key", "The review has no name.")
        stars = review.get("starRating")
        if stars not in STARS and stars not in (None, "STAR_RATING_UNSPECIFIED"):
            raise ParseError("starRating", "bad_choice", f"{str(stars)[:40]!r} is no number of stars.")
        anonymous = path(review, "reviewer", "isAnonymous")
        return [
            compact(
                {
                    "entity": "review",
                    "external_id": name,
                    "version": stamp(review.get("updateTime")),
                    "property": env.property,
                    "rating": STARS.get(stars),
                    "scale": 5 if stars in STARS else None,
                    "text": _own_words(review.get("comment")),
                    "author": None if anonymous else _text(path(review, "reviewer", "displayName")),
                    "at": utc(review.get("createTime")) or utc(review.get("updateTime")),
                    "updated_at": utc(review.get("updateTime")),
                    "reply": _text(path(review, "reviewReply", "comment")),
                    "replied_at": utc(path(review, "reviewReply", "updateTime")),
                }
            )
        ]

    def receive(self, request, env):
        """A message of Cloud Pub/Sub: what it says is fetched again, so that the secret address is proof enough."""
        try:
            news = json.loads(base64.b64decode(path(request.json(), "message", "data") or "", validate=True))
        except (ValueError, TypeError, RecursionError):
            raise ParseError("message.data", "not_json", "The message holds no readable JSON.") from None
        kind, name = path(news, "type"), path(news, "review") or path(news, "resourceName")
        if kind not in NEWS:
            return Received()
        if not isinstance(name, str) or not _NAME(name):
            raise ParseError("review", "missing_key", "The message names no review.")
        if not name.startswith(f"{env.settings.get('location')}/"):
            return Received()  # one topic serves all places of an account
        return Received(hints=[Hint("review", name, kind)])


def _naive(ctx):
    return ctx.now().replace(tzinfo=None)


def _text(value):
    return value.strip() if isinstance(value, str) and value.strip() else None


def _own_words(comment):
    """Return what the guest has written himself.

    >>> _own_words("(Translated by Google) Good\\n\\n(Original)\\nBom")
    'Bom'
    >>> _own_words("Bom\\n\\n(Translated by Google)\\nGood")
    'Bom'
    """
    text = _text(comment)
    if text is None:
        return None
    if _TRANSLATED.match(text) and len(parts := _ORIGINAL.split(text, maxsplit=1)) == 2:
        return _text(parts[1])
    return _text(re.split(r"\n\s*\(Translated by Google\)", text, maxsplit=1, flags=re.IGNORECASE)[0])
