from .engine import adapters
from . import engine
from . import models
from . import controllers
from . import wizards
