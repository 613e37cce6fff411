"""What a source is told arrives once, whatever the network does to the call that writes."""

import pytest
from fakes.fault_proxy import FAULTS, PHASES, FaultProxy

from hospitality_connectors.engine.adapter import Command
from hospitality_connectors.engine.network import errors


class Spoiling:
    """A client whose first writing call meets a fault of the network."""

    def __init__(self, client, proxy, fault, phase):
        self.client, self.proxy, self.plan = client, proxy, (fault, phase)

    def __getattr__(self, name):
        return getattr(self.client, name)

    def request(self, method, url, **options):
        if self.plan and method not in ("GET", "HEAD") and not url.endswith("/tokens"):
            self.proxy.plan(*self.plan)
            self.plan = None
        return self.client.request(method, url, **options)


class PushFaults:
    """A mixin of :class:`contract.Contract` with ``add_guest(fake) -> key`` and ``notes_of(fake, key) -> texts``."""

    @pytest.mark.parametrize("phase", PHASES)
    @pytest.mark.parametrize("fault", FAULTS)
    def test_told_once_whatever_the_network_does(self, fake, fault, phase):
        key = self.add_guest(fake)
        command = Command("k1", "note", key, {"text": "Likes tea"})
        with FaultProxy(int(fake.url.rpartition(":")[2])).running() as proxy:
            reading = self.reading(fake, url=proxy.url)
            reading.client = Spoiling(self.client(read=0.4, total=1.0), proxy, fault, phase)
            states = []
            for _attempt in range(3):
                try:
                    states.append(reading.adapter.push(reading.session(), command).state)
                except (errors.Failed, errors.Strange):
                    states.append("failed")
        assert proxy.hits == 1
        assert states[-1] == "same"
        assert [text for text in self.notes_of(fake, key) if "Likes tea" in text] == self.notes_of(fake, key)
        assert len(self.notes_of(fake, key)) == 1
