"""Processing steps -> plain text, for formats that have no place for settings by name."""

from __future__ import annotations

import json

from export.xml_text import legal
from pipeline.document import Step


def setting_text(value: object) -> str:
    """A setting's value: strings as they are, everything else as JSON."""
    if isinstance(value, str):
        return legal(value)
    return legal(json.dumps(value, ensure_ascii=False, default=str))


def settings_text(step: Step) -> str:
    """A step's settings, `name: value`, between semicolons."""
    return "; ".join(f"{legal(k)}: {setting_text(v)}" for k, v in step.parameters.items())
