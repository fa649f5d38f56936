"""``python -m bgbias_core``: the command line."""

from bgbias_core.cli import app

if __name__ == "__main__":
    app(prog_name="python -m bgbias_core")
