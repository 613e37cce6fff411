"""Text of others in files that are opened with a spreadsheet.

A cell whose text starts like a formula is run by whoever opens the file (OWASP: CSV injection; ASVS 5.0, 1.2.10). In
CSV there is no other way than to change the text: an apostrophe is put before it. The import of files takes it away
again (`hospitality_connectors.engine.files.reader_csv`).
"""

#: What spreadsheets take for the beginning of a formula, also in its full-width forms, or pass over before one.
STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
MARK = "'"


def guard(text):
    """Return a text for a cell of a CSV file that no spreadsheet takes for a formula.

    >>> guard("=1+1"), guard("Anna"), guard("'=1+1")
    ("'=1+1", 'Anna', "''=1+1")
    """
    return MARK + text if _is_dangerous(text) else text


def _is_dangerous(text):
    # Text that looks like guarded text is guarded, too, so that taking the mark away gives back what was there.
    rest = text.lstrip(MARK)
    return rest[:1] != "" and rest[0] in STARTS
