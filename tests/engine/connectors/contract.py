"""What every adapter has to do, tried against its fake.

``class TestNAME(Contract)`` with ``fake_class`` and ``stream`` runs all of it. What a vendor can't do, such as a stream
without pages, is left out by ``test_reads_all_pages = None`` with the reason beside it.
"""

import contextlib
import datetime
import json

import pytest
from fakes.fault_proxy import FAULTS, PHASES, FaultProxy
from fakes.reading import Reading
from http_server import load_client

import hospitality_connectors.engine.adapters  # noqa: F401  registers them
from hospitality_connectors.engine import adapter as adapters
from hospitality_connectors.engine.network import errors
from hospitality_connectors.engine.network.session import Session
from hospitality_connectors.engine.types import EventError

http = load_client()
CARD = "4111111111111111"
#: Numbers that vendors of payments give out for tests: Visa, Mastercard, American Express, Diners Club.
CARDS = (CARD, "5555 5555 5555 4444", "2223-0031-2200-3222", "3782 822463 10005", "3056 930902 5904")


class CardContract:
    """No number of a card is stored; of an adapter with ``samples`` (a fixture, list of `Raw`) and ``adapter()``."""

    def test_no_card_numbers(self, samples):
        adapter = self.adapter()
        assert samples
        for record in samples:
            for card in CARDS:
                body = json.loads(record.body)
                extra = {"comment": f"card {card} 12/29 please", "cardNumber": card, "deep": [{"remark": [card]}]}
                body = {**body, **extra} if isinstance(body, dict) else [*body, extra]
                kept = str(adapter.redact(record._replace(body=json.dumps(body))).body)
                assert card not in kept
                assert "please" in kept

    @pytest.mark.parametrize("body", [f"broken, card {CARD}", f'{{"note": "{CARD}"', f"<a>{CARD}".encode()])
    def test_no_card_numbers_in_what_cannot_be_read(self, body):
        raw = adapters.Raw("stay", "1", body)
        try:
            kept = self.adapter().redact(raw)
        except EventError:
            return  # then it is stored without its content
        assert CARD not in str(kept.body)


class Contract(CardContract):
    """:cvar fake_class: the vendor
    :cvar stream: name of the stream that brings what ``fake.grow`` makes
    :cvar tz: time zone of the property
    """

    fake_class = None
    stream = ""
    tz = "Europe/Lisbon"
    currency = "EUR"

    @pytest.fixture
    def fake(self):
        with self.fake_class().running() as fake:
            yield fake

    def adapter(self):
        return adapters.get(self.fake_class.code)

    def client(self, **limits):
        return http.Client(
            http.Policy.parse("127.0.0.1/32"), http.Limits(**{"connect": 2, "read": 2, "total": 4, **limits})
        )

    def reading(self, fake, **options):
        options = {"tz": self.tz, "currency": self.currency, **options}
        return Reading(self.adapter(), fake, self.client(), **options)

    def assert_complete(self, reading, fake):
        """All that the vendor knows is known here, and as he knows it."""
        facts = reading.facts()
        expected = fake.expected()
        missing = expected.keys() - facts.keys()
        assert not missing, f"{len(missing)} records are missing, such as {sorted(missing)[:3]}"
        for key, fields in expected.items():
            known = {name: facts[key].get(name) for name in fields}
            assert known == fields, key

    # Reading

    def test_reads_everything(self, fake):
        fake.grow(7)
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)
        assert fake.expected()

    def test_reads_all_pages(self, fake):
        fake.page_size = 3
        fake.grow(20)
        reading = self.reading(fake)
        reading.read()
        assert fake.pages >= 7
        self.assert_complete(reading, fake)

    def test_page_size_changes_while_it_reads(self, fake):
        fake.page_size = 5
        fake.grow(23)

        def between(pages):
            fake.page_size = 2 + pages % 4

        fake.between = between
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    def test_a_thousand_with_one_time_of_change(self, fake):
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)
        fake.grow(1000, at=at.replace(microsecond=0))
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    def test_records_move_between_pages(self, fake):
        fake.page_size = 4
        keys = fake.grow(30)
        moved = iter(keys)

        def between(_pages):
            key = next(moved, None)
            if key is not None:
                fake.touch(key)

        fake.between = between
        reading = self.reading(fake)
        reading.read()
        fake.between = None
        reading.read()
        self.assert_complete(reading, fake)

    def test_second_reading_finds_changes_alone(self, fake):
        keys = fake.grow(12)
        reading = self.reading(fake)
        reading.read()
        before = len(reading.inbox)
        fake.touch(keys[3])
        fake.grow(2)
        reading.read()
        self.assert_complete(reading, fake)
        assert before < len(reading.inbox) <= before + 12

    def test_same_records_again_are_stored_once(self, fake):
        fake.grow(6)
        reading = self.reading(fake)
        reading.read()
        count = len(reading.inbox)
        reading.progress.clear()
        reading.read()
        assert len(reading.inbox) == count

    def test_order_of_arrival_does_not_matter(self, fake):
        keys = fake.grow(5)
        reading = self.reading(fake)
        reading.read()
        for key in keys:
            fake.touch(key)
        reading.read()
        facts = reading.facts()
        # Where records carry no version the time of observation decides; it stays with the record.
        if all(raw.version is not None for _order, raw in reading.inbox.values()):
            count = len(reading.inbox)
            reading.inbox = {key: (count - order, raw) for key, (order, raw) in reading.inbox.items()}
            assert reading.facts() == facts

    def test_nightly_sweep_brings_what_was_never_told(self, fake):
        sweeps = [stream for stream in self.reading_streams(fake) if stream.kind == "sweep"]
        assert sweeps
        fake.grow(8)
        reading = self.reading(fake)
        reading.read(*[stream.name for stream in sweeps])
        stays = {key for key in fake.expected() if key[0] in {stream.entity for stream in sweeps}}
        assert stays
        assert stays <= reading.facts().keys()

    def test_single_records_are_fetched_by_the_keys_that_are_stored(self, fake):
        fake.grow(3)
        reading = self.reading(fake)
        reading.read()
        for entity, name in reading.adapter.fetchable(reading.env.settings).items():
            keys = [key for kind, key in reading.facts() if kind == entity]
            assert keys, entity
            for key in keys[:2]:
                again = self.reading(fake)
                again.store(reading.adapter.fetch_one(reading.session(), name, key))
                found = again.facts()[entity, key]
                assert {**found, "version": None} == {**reading.facts()[entity, key], "version": None}

    def reading_streams(self, fake):
        return list(self.adapter().streams(fake.settings()))

    # Faults

    @pytest.mark.parametrize("phase", PHASES)
    @pytest.mark.parametrize("fault", FAULTS)
    def test_network_faults(self, fake, fault, phase):
        fake.page_size = 4
        fake.grow(10)
        with FaultProxy(int(fake.url.rpartition(":")[2])).running() as proxy:
            reading = self.reading(fake, url=proxy.url)
            reading.client = self.client(read=0.2, total=0.5)
            for skip in range(3):
                self.step_with_fault(reading, proxy, fault, phase, skip)
            reading.client = self.client()
            reading.read()
        self.assert_complete(reading, fake)
        assert proxy.hits

    def step_with_fault(self, reading, proxy, fault, phase, skip):
        """Read a few pages, then one that the network spoils."""
        stream = reading.streams()[self.stream]
        proxy.plan(fault, phase, times=1)
        for _page in range(skip + 1):
            with contextlib.suppress(errors.Failed, errors.Strange):
                if reading.step(stream):
                    break

    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_refused_for_a_while(self, fake, status):
        fake.grow(4)
        fake.fail(status)
        reading = self.reading(fake)
        with pytest.raises((errors.Later, errors.Failed)):
            reading.read()
        reading.shared = type(reading.shared)()
        reading.read()
        self.assert_complete(reading, fake)

    def test_wrong_credentials_are_said(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        secrets = {name: "wrong" for name in fake.secrets()}
        session = Session(reading.adapter, self.client(), reading.env, secrets, reading.shared)
        with pytest.raises(errors.Denied):
            self.adapter().check(session)

    def test_good_credentials_are_said(self, fake):
        fake.grow(1)
        reading = self.reading(fake)
        findings = self.adapter().check(reading.session())
        assert findings
        assert not [finding for finding in findings if finding.level == "error"], findings

    def test_never_above_the_limit(self, fake):
        fake.page_size = 2
        fake.grow(24)
        reading = self.reading(fake)
        with contextlib.suppress(errors.Later):
            reading.read()
        assert fake.breaches == 0

    def test_clock_of_the_vendor(self, fake):
        """A vendor whose clock is wrong is read to the end."""
        fake.skew = -900.0
        fake.grow(5)
        reading = self.reading(fake)
        reading.read()
        self.assert_complete(reading, fake)

    @pytest.fixture
    def samples(self, fake):
        reading = self.reading(fake)
        fake.grow(2)
        reading.read()
        records = [record for _order, record in reading.inbox.values()]
        return [record for record in records if record.content_type == "application/json"][:20]

    def test_money_is_never_a_float_artefact(self, fake):
        fake.grow(5)
        reading = self.reading(fake)
        reading.read()
        for event in reading.facts().values():
            for name, value in event.items():
                if name.startswith("amount_") or name in ("amount", "rate_amount", "balance", "deposit", "tip"):
                    assert len(value.partition(".")[2]) <= 4, (name, value)
