from . import (
    hospitality_ledger,
    hospitality_ledger_seal,
    hospitality_ledger_pending,
    hospitality_ledger_anchor,
)
