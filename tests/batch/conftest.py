"""Workers have to import the fake cases as well: their folder is on the path, which workers take over."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
