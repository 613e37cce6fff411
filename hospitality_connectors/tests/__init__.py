from . import test_demo
from . import test_file_folder
from . import test_file_import
from . import test_file_screen
