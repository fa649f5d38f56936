"""``python -m bgbias_core``: the command line."""

import os

# Threads that wait for one another must not spin for long: on a machine that also runs the app, a training then takes
# many times as long. A command given by hand may spin for some microseconds, which saves a fifth of its time where
# nothing else runs; the app's jobs, whose surroundings name the policy, do not spin at all. OpenMP reads this when
# PyTorch is first imported.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

from bgbias_core.cli import app

if __name__ == "__main__":
    app(prog_name="python -m bgbias_core")
