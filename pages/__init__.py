"""What a person sees: one file a page, and what pages share in ``components``."""

import os

# As for the command line (bgbias_core/__main__.py): beside a training, threads that spin make every answer slow.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
