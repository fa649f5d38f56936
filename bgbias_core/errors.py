"""The one family of errors: each message says what, what was got, what was expected and what to do."""

from __future__ import annotations


class BgBiasError(Exception):
    """Anything a person can mend: pages show the message, the command line prints it and exits with 2."""


class ImageError(BgBiasError):
    """Bytes that are not a usable picture."""


class MaskError(BgBiasError):
    """A mask that does not belong to its image, or that marks nothing."""


class ModelError(BgBiasError):
    """A backbone, strategy or pooling that cannot be built or means nothing."""


class CheckpointError(BgBiasError):
    """Weights or a model card that are missing, damaged or do not belong together."""


class ConfigError(BgBiasError):
    """A configuration or an argument that does not hold what it must."""


class EvaluationError(BgBiasError):
    """An evaluation that is missing, damaged or of another schema, or that does not hold what is asked of it."""


class DownloadError(BgBiasError):
    """A file that cannot be fetched, is not the one expected, or cannot be unpacked safely."""


class UnknownNameError(BgBiasError):
    """A name that a registry does not hold."""
