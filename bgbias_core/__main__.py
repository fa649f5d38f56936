"""``python -m bgbias_core``: the command line."""

import os

# Threads that wait for one another must not spin: on a machine that also runs the app, a training then takes many times
# as long. OpenMP reads this when PyTorch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from bgbias_core.cli import app

if __name__ == "__main__":
    app(prog_name="python -m bgbias_core")
