"""What two records may say differently and still be one person's."""


def same_birthdate(one, other):
    """Tell whether two birth dates may be one, forgiving the slips of people who type.

    Forgiven are day and month in the other order, one wrong digit, and dates of which only the year is
    known (the first of January).

    >>> same_birthdate("1980-03-07", "1980-07-03"), same_birthdate("1980-03-07", "1980-03-01")
    (True, True)
    >>> same_birthdate("1980-03-07", "1990-03-17"), same_birthdate("1980-01-01", "1980-06-20")
    (False, True)
    """
    if one == other:
        return True
    year, month, day = one.split("-")
    other_year, other_month, other_day = other.split("-")
    if year == other_year and (
        (month, day) == (other_day, other_month) or ("01", "01") in ((month, day), (other_month, other_day))
    ):
        return True
    return sum(left != right for left, right in zip(one, other, strict=True)) == 1
