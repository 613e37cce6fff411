from . import test_demo_full
