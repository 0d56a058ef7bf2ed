"""Any text -> text that XML 1.0 can hold."""

from __future__ import annotations

import re

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text without the characters that no XML file may contain, not even escaped."""
    return _ILLEGAL.sub("", text)
