"""Folders with ``guests.parquet`` and ``truth.parquet``, read as the records and arrays that matching takes.

``guests.parquet`` has the columns id, source, given_name, family_name, full_name, email, phone, birthdate, country,
city, street, postcode, loyalty_no, passport_no; ``truth.parquet`` at least id and person_id.
"""

import functools
import pathlib

import numpy as np

COLUMNS = (
    "id source given_name family_name full_name email phone birthdate country city street postcode loyalty_no"
    " passport_no"
).split()
TEXTS = {
    "given_name": "given_name",
    "family_name": "family_name",
    "full_name": "name",
    "birthdate": "birthdate",
    "country": "country",
    "city": "city",
    "street": "street",
    "postcode": "zip",
}
BATCH = 25_000


def rows(folder):
    """Number of guests in a folder."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(pathlib.Path(folder) / "guests.parquet").metadata.num_rows


def column(folder, name, file="guests.parquet"):
    """One column as a list, ``""`` for what is missing."""
    import pyarrow.parquet as pq

    values = pq.read_table(pathlib.Path(folder) / file, columns=[name]).column(0).to_pylist()
    return [value if value is not None and value == value else "" for value in values]


def truth(folder):
    """The person of each guest as an array, in the order of the guests."""
    import pyarrow.parquet as pq

    folder = pathlib.Path(folder)
    table = pq.read_table(folder / "truth.parquet", columns=["id", "person_id"])
    ids, persons = table.column("id").to_numpy(), np.array(table.column("person_id").to_pylist())
    order = np.argsort(ids, kind="stable")
    wanted = pq.read_table(folder / "guests.parquet", columns=["id"]).column("id").to_numpy()
    return persons[order][np.searchsorted(ids[order], wanted)]


def batches(folder, size=BATCH):
    """The guests as lists of records, each a dict of canonical values."""
    return (read() for read in readers(folder, size=size))


def readers(folder, limit=None, size=BATCH):
    """The guests as functions that return a list of records, so that each process makes its own.

    :param limit: the first so many
    """
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(pathlib.Path(folder) / "guests.parquet").iter_batches(size, columns=COLUMNS):
        batch = batch if limit is None else batch.slice(0, limit)
        yield functools.partial(records, batch)
        if limit is not None:
            limit -= len(batch)
            if limit <= 0:
                return


def records(batch):
    """Turn an Arrow batch into records, each a dict of canonical values."""
    columns = batch.to_pydict()
    columns = {name: [v if v is not None and v == v else "" for v in values] for name, values in columns.items()}
    found = []
    for values in zip(*(columns[name] for name in COLUMNS), strict=True):
        row = dict(zip(COLUMNS, values, strict=True))
        record = {"id": row["id"], "source": row["source"], "kind": "person"}
        record |= {key: row[name] for name, key in TEXTS.items() if row[name]}
        if row["email"]:
            record["emails"] = [row["email"]]
        if row["phone"]:
            record["phones"] = [row["phone"]]
        if row["loyalty_no"]:
            record["memberships"] = [{"number": row["loyalty_no"]}]
        if row["passport_no"]:
            record["documents"] = [f"passport:{row['passport_no']}"]
        found.append(record)
    return found
