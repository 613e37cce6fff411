"""For every land and time zone: when its quiet hours end, if they hold now."""

import datetime
import functools
from typing import NamedTuple

import pytz

from ...engine.gate import quiet_until


class QuietEnds(NamedTuple):
    """Ends of quiet hours; None where it isn't quiet now.

    :ivar lands: {code of a country: end}, for every country with a time zone
    :ivar zones: {(code of a country or None, name of a time zone): end}, for the zones of each country and for all
        zones without a country
    """

    lands: dict
    zones: dict


def get_quiet_ends(quiets, channel, now):
    """Return the ends of quiet hours on a channel, exact to the minute.

    :param tuple quiets: of :class:`engine.gate.Quiet`
    :param datetime now: UTC
    :return: :class:`QuietEnds`, None where it is quiet nowhere
    """
    quiets = tuple(quiet._replace(channel=None) for quiet in quiets if quiet.channel in (None, channel))
    return _compute(quiets, now.replace(second=0, microsecond=0)) if quiets else None


@functools.lru_cache(maxsize=8)
def _compute(quiets, minute: datetime.datetime):
    end = functools.cache(lambda zone: quiet_until(minute, [zone], quiets))
    lands, zones = {}, {}
    for code, names in pytz.country_timezones.items():
        ends = [end(name) for name in names]
        lands[code] = quiet_until(minute, names, quiets) if any(ends) else None
        zones.update({(code, name): at for name, at in zip(names, ends, strict=True)})
    zones.update({(None, name): end(name) for name in pytz.common_timezones})
    return QuietEnds(lands, zones) if any(zones.values()) else None
