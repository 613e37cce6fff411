"""Reads a vendor as the product does, without a database: the inbox is a dict, facts are the newest snapshots."""

import datetime
import json

from hospitality_connectors.engine.adapter import EVENTS, Env, Gone, Moved, gone, moved
from hospitality_connectors.engine.canonical import validate
from hospitality_connectors.engine.network import reader
from hospitality_connectors.engine.network.local import LocalShared
from hospitality_connectors.engine.network.session import Session


class Reading:
    """:ivar inbox: ``{event key: Raw}`` as it would be stored, redacted
    :ivar hints: keys still to be fetched
    """

    def __init__(self, adapter, fake, client, *, url=None, tz="Europe/Lisbon", currency="EUR", since_days=400):
        self.adapter = adapter
        self.fake = fake
        self.client = client
        settings = fake.settings()
        if url:
            settings = json.loads(json.dumps(settings).replace(fake.url, url))
        self.env = Env(settings, "HOTEL", tz, currency)
        self.shared = LocalShared()
        self.since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=since_days)
        self.progress = {}
        self.inbox = {}
        self.hints = {}
        self.acknowledged = 0
        self.stored_at = 0

    def session(self):
        return Session(self.adapter, self.client, self.env, self.fake.secrets(), self.shared)

    def streams(self):
        return {stream.name: stream for stream in self.adapter.streams(self.env.settings)}

    def step(self, stream):
        """Fetch and store one page; return whether the stream is through."""
        ctx = self.session()
        progress = self.progress.get(stream.name, reader.Progress())
        progress = reader.Progress.load(json.loads(json.dumps(progress.dump())))
        progress, window = reader.plan(progress, stream, ctx.now(), self.since)
        page = self.adapter.fetch_page(ctx, stream, window, progress.cursor)
        progress, done = reader.advance(progress, stream, page, ctx.now())
        self.store(page.records, page.hints)
        self.progress[stream.name] = progress
        if page.ack is not None:
            self.adapter.acknowledge(ctx, page.ack)
            self.acknowledged += 1
        return done

    def store(self, records, hints=()):
        for raw in records:
            self.stored_at += 1
            raw = raw if raw.content_type == EVENTS else self.adapter.redact(raw)
            key = raw.event_key or f"{raw.entity}:{raw.external_id}:{hash(raw.body)}"
            self.inbox.setdefault(key, (self.stored_at, raw))
        for hint in hints:
            self.hints[hint.entity, hint.external_id] = hint

    def read(self, *names, steps=10_000):
        """Read streams until they are through, then fetch what was hinted at."""
        streams = self.streams()
        for name in names or [name for name, stream in streams.items() if stream.kind != "sweep"]:
            for _step in range(steps):
                if self.step(streams[name]):
                    break
            else:
                raise AssertionError(f"{name} has no end")
        self.fetch_hints()

    def fetch_hints(self):
        while self.hints:
            (entity, key), _hint = self.hints.popitem()
            found = self.adapter.fetch_one(self.session(), entity, key)
            if isinstance(found, Gone):
                self.store([gone(entity, key)])
            elif isinstance(found, Moved):
                self.store([moved(entity, key, found.into)])
            else:
                self.store(found)

    def facts(self):
        """Return what is known: ``{(entity, external id): event}``, the newest version of each."""
        found = {}
        for order, raw in sorted(self.inbox.values(), key=lambda item: item[0]):
            for event in json.loads(raw.body) if raw.content_type == EVENTS else self.adapter.parse(raw, self.env):
                event = validate(event)
                key = event["entity"], event["external_id"]
                version = event["version"] if event["version"] is not None else raw.version
                rank = (version if version is not None else -1, order)
                if key not in found or rank >= found[key][0]:
                    found[key] = rank, event
        return {key: event for key, (_rank, event) in found.items()}
