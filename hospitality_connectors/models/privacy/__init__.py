from . import hospitality_eraser
from . import hospitality_privacy
