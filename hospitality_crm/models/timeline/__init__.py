from . import hospitality_timeline
