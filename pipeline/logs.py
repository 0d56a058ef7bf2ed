"""Log records as lines of JSON, for machines that gather them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and whatever the record has in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON without line breaks."""
        table = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            table["traceback"] = self.formatException(record.exc_info)
        return json.dumps(table, default=str)


def set_up_logging(level: int, *, as_json: bool = False, with_names: bool = False) -> None:
    """Send records of this level and above to stderr; what libraries say only if it is grave."""
    handler = logging.StreamHandler()
    plain = "%(levelname)s %(name)s: %(message)s" if with_names else "%(message)s"
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(plain))
    logging.basicConfig(level=level, handlers=[handler], force=True)
