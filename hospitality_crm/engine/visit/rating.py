"""Ratings of any scale as one number."""


def get_score(rating, scale):
    """Return a rating as a number from 0 to 100, with one decimal.

    The share of the best rating that was given, as portals and survey tools compare scales; None without a rating.

    >>> get_score(4, 5), get_score(8.25, 10), get_score(0, 5), get_score(None, 5)
    (80.0, 82.5, 0.0, None)
    """
    return None if rating is None else round(100.0 * rating / scale, 1)
