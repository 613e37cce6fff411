"""What the procedures of privacy do with the rows of a model."""

from dataclasses import dataclass, field

from odoo.tools import SQL

#: In ``plain``: no column of the model says anything about a person.
ALL = "*"


@dataclass(frozen=True)
class Via:
    """How rows hang on rows of another table.

    :ivar table: table of the other rows
    :ivar column: column of this table with their ids; with ``up`` the column of theirs with ids of this table
    :ivar through: relation table: its ``column`` has the ids of this table, ``back`` those of the other
    :ivar mention: the rows aren't the person's, he is only mentioned in them
    """

    table: str
    column: str
    up: bool = False
    through: str | None = None
    back: str | None = None
    mention: bool = False


@dataclass(frozen=True)
class PrivacyHandler:
    """What a model says about the rights of the persons in it; see ``hospitality.privacy._privacy_handlers``.

    Rows are found by columns with contacts, by pairs of model and id that name a row of the person, by ``via`` and by
    ``addresses``. Whatever an erasure leaves of them, the person's names and addresses are struck out of all their
    texts.

    :ivar erase: *delete* the rows; *blank* the columns of ``blank`` and ``fill``; *keep* the rows as they are, because
        of ``reason``; *none*: derived data that another procedure sees to
    :ivar blank: columns that are emptied
    :ivar fill: columns that can't be empty: ``{column: SQL over the row t}``
    :ivar mentions: columns whose contact is only mentioned: the row isn't his
    :ivar via: tuple of ``Via``
    :ivar addresses: ``{column: kind}``: *email* or *phone* where the column is normalised, *text* where an address may
        stand anywhere in it
    :ivar keep: SQL condition on the row ``t``: nothing of such rows may be changed, because of ``reason``
    :ivar export: rows are part of what the person is given
    :ivar received: rows that mention him were meant for him: they are part of it, too
    :ivar hide: columns that are not: tokens, hashes, what others have written for themselves
    :ivar portable: what the person has given himself
    :ivar plain: columns that say nothing about a person, or ``ALL``
    :ivar text: columns that stay, but may name a person by chance: he is struck out of them
    :ivar own: messages, files, activities of the rows are the person's too
    :ivar method: method of `hospitality.eraser` that is called with the subject instead
    :ivar reason: why rows stay, as a sentence
    """

    erase: str = "blank"
    blank: tuple = ()
    fill: dict = field(default_factory=dict)
    mentions: tuple = ()
    via: tuple = ()
    addresses: dict = field(default_factory=dict)
    keep: SQL | None = None
    export: bool = True
    received: bool = False
    hide: tuple = ()
    portable: bool = False
    plain: tuple | str = ()
    text: tuple = ()
    own: bool = True
    method: str | None = None
    reason: str = ""

    def covers(self, column):
        """Tell whether it has been decided what a column means."""
        if self.erase in ("delete", "none") or self.plain == ALL or self.method:
            return True
        return column in self.blank or column in self.fill or column in (*self.plain, *self.text)
