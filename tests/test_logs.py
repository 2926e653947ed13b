import json
import logging

import pytest

from logs import JsonFormatter, TextFormatter, frames, request_id


def record(**fields: object) -> logging.LogRecord:
    made = logging.LogRecord("pleura", logging.INFO, "x.py", 1, "a %s", ("message",), None)
    if fields:
        made.fields = fields
    return made


def test_json_lines_have_the_fields() -> None:
    token = request_id.set("abc")
    try:
        line = json.loads(JsonFormatter().format(record(status=200)))
    finally:
        request_id.reset(token)
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "message": "a message", "request_id": "abc", "status": 200}


def test_text_lines_have_the_fields() -> None:
    assert TextFormatter().format(record(status=200)).endswith("info    - a message status=200")
    assert TextFormatter().format(record()).endswith("info    - a message")


def test_error_is_logged_without_its_message() -> None:
    with pytest.raises(ValueError, match="DOE") as error:
        raise ValueError("DOE^JANE")
    told = frames(error.value)
    assert "ValueError in test_error_is_logged_without_its_message line" in told
    assert "DOE" not in told
