"""The first program of an interpreter: it hands over at once, so that this module is the code's own `__main__`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bricklayer.interpreter import Interpreter  # noqa: E402

Interpreter().serve()
