"""Google Business Profile on a port of this machine: reviews newest first, page tokens, a sign-in by refresh token."""

import base64
import datetime
import json

from .fake import Fake, json_answer, open_to_all, route

PLACE = "accounts/101/locations/202"
STARS = ("ONE", "TWO", "THREE", "FOUR", "FIVE")


class GoogleFake(Fake):
    """:ivar reviews: by name
    :ivar refresh_tokens: those that are good
    :ivar tokens: ``{access token: refresh token that it was got with}``
    """

    code = "google"
    limits = ((300, 60),)

    def __init__(self):
        super().__init__()
        self.reviews = {}
        self.number = 0
        self.read_with = []
        self.refresh_tokens = {"refresh"}
        self.tokens = {}

    def settings(self):
        return {"url": self.url, "token_url": f"{self.url}/token", "client_id": "client", "location": PLACE}

    def secrets(self):
        return {"client_secret": "secret", "refresh_token": "refresh"}

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew)

    @staticmethod
    def write(at):
        return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"

    def grow(self, count, at=None):
        names = []
        for _index in range(count):
            self.number += 1
            name = f"{PLACE}/reviews/R{self.number:05}"
            at_text = self.write(at or self.now())
            self.reviews[name] = {
                "name": name,
                "reviewId": f"R{self.number:05}",
                "reviewer": {"displayName": f"Guest {self.number}", "profilePhotoUrl": "https://photos.example/1"},
                "starRating": STARS[self.number % 5],
                "comment": f"Nice stay no. {self.number}",
                "createTime": at_text,
                "updateTime": at_text,
            }
            names.append(name)
        return names

    def touch(self, name):
        self.reviews[name].update(
            comment="Changed my mind",
            starRating="TWO",
            updateTime=self.write(self.now()),
            reviewReply={"comment": "We are sorry", "updateTime": self.write(self.now())},
        )

    def take_back(self, name):
        """The author deletes his review: nobody is told."""
        del self.reviews[name]

    def news(self, kind, name):
        """Return the body of a push of Cloud Pub/Sub."""
        data = base64.b64encode(json.dumps({"type": kind, "review": name}).encode()).decode()
        return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).encode()

    def expected(self):
        facts = {}
        for name, review in self.reviews.items():
            facts["review", name] = {
                "rating": float(STARS.index(review["starRating"]) + 1),
                "scale": 5.0,
                "text": review["comment"],
                "author": review["reviewer"]["displayName"],
                "reply": review.get("reviewReply", {}).get("comment"),
            }
        return facts

    def authorize(self, call):
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return json_answer({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        return None

    @route("POST", "/token")
    @open_to_all
    def token(self, call):
        form = call.form()
        refresh = form.pop("refresh_token", None)
        good = {"grant_type": "refresh_token", "client_id": "client", "client_secret": "secret"}
        if form != good or refresh not in self.refresh_tokens:
            return json_answer({"error": "invalid_grant"}, 401)
        token = f"access-{len(self.tokens)}"
        self.tokens[token] = refresh
        return json_answer({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    @route("GET", f"/v4/{PLACE}/reviews")
    def list(self, call):
        self.turn_page()
        self.read_with.append(self.tokens[call.headers["authorization"].removeprefix("Bearer ")])
        size = min(int(call.query.get("pageSize", 50)), 50, self.page_size)
        found = sorted(self.reviews.values(), key=lambda one: (one["updateTime"], one["name"]), reverse=True)
        token = call.query.get("pageToken")
        if token:
            edge = tuple(json.loads(base64.urlsafe_b64decode(token)))
            found = [one for one in found if (one["updateTime"], one["name"]) < edge]
        page = found[:size]
        answer = {"reviews": page, "totalReviewCount": len(self.reviews), "averageRating": 3.2}
        if len(found) > len(page):
            edge = [page[-1]["updateTime"], page[-1]["name"]]
            answer["nextPageToken"] = base64.urlsafe_b64encode(json.dumps(edge).encode()).decode()
        return json_answer(answer if page else {})

    @route("GET", f"/v4/{PLACE}/reviews/{{key}}")
    def one(self, call, key):
        review = self.reviews.get(f"{PLACE}/reviews/{key}")
        return json_answer(review) if review else json_answer({"error": {"code": 404}}, 404)
