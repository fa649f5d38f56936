"""See, measure and mend background bias in image classifiers for look-alike classes."""

__version__ = "0.1.0"
