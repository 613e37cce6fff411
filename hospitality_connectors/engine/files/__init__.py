"""Files of guests and visits: reading, understanding and turning rows into canonical events.

``container`` says what a file is and opens it, ``reader_*`` yield its rows as lists of text,
``columns`` looks at every value of a column, ``propose`` suggests what a column means, ``mapping``
turns a row into canonical events and ``scan`` counts what only the whole file shows.
Nothing here imports Odoo; every function takes values and returns values.
"""

from . import adapter
