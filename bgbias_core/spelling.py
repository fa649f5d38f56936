"""Times, sizes and classes as a person reads them, the same on the command line, in pages and in reports."""

from __future__ import annotations


def spell_seconds(seconds: float) -> str:
    """A duration as a person says it.

    >>> spell_seconds(42), spell_seconds(150), spell_seconds(5400)
    ('42 s', '2 min', '1 h 30 min')
    """
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def spell_bytes(count: int) -> str:
    """A size as a person reads it.

    >>> spell_bytes(39_272_883), spell_bytes(1_150_585_339), spell_bytes(512)
    ('39 MB', '1.2 GB', '512 bytes')
    """
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    if count >= 10**6:
        return f"{count / 10**6:.0f} MB"
    return f"{count:,} bytes"


def spell_class(name: str) -> str:
    """A class as people read it: CUB puts numbers before its names and underscores between their words.

    >>> spell_class("001.Black_footed_Albatross")
    'Black footed Albatross'
    """
    number, dot, rest = name.partition(".")
    return (rest if dot and number.isdecimal() else name).replace("_", " ")
