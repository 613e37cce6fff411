"""A request of a vendor to us, as plain values."""

import json
import urllib.parse
from typing import NamedTuple


class HookRequest(NamedTuple):
    """What has arrived.

    :ivar method: in capitals
    :ivar url: the address as it is registered at the vendor, with the query as it came; never rebuilt from the
        request, which a proxy may have rewritten
    :ivar path: what follows the address of the connector, without a slash at the front
    :ivar headers: values by lower-case name
    :ivar body: as it came, bytes
    :ivar at: Unix time of arrival
    """

    method: str
    url: str
    path: str
    headers: dict
    body: bytes
    at: float

    def query(self):
        """Return the parameters of the address, the last value of each name."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query, keep_blank_values=True))

    def json(self):
        """Return the body as a JSON value, None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None
