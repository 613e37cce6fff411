"""Which records are one person: normalise, block, score, cluster (see docs/matching.md)."""

from .clusters import Clusters, cluster, components
from .context import Context
from .keys import candidates
from .model import Evidence, Weights, decide, evidence, explain, features, score
from .normal import Normal, prepare
from .pipeline import Result, match_files, match_table, normalise
from .slots import SLOTS
from .table import Table

# Stored keys and packed records of another version are stale.
VERSION = 3
