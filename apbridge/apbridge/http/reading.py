"""Reading an answer's body, and no more of it than may be held."""

from __future__ import annotations

import requests
from urllib3.exceptions import InvalidChunkLength
from urllib3.response import HTTPResponse

_CHUNK = 65536


class AnswerTooLongError(requests.RequestException):
    """An answer goes on beyond what may be held."""


def read_whole(response: requests.Response, most_bytes: int) -> None:
    """Read an answer's body, and stop where it is too long: a few bytes may unpack to any number.

    Raises:
        AnswerTooLongError: It is.
    """
    _refuse_negative_chunks(response.raw)
    chunks, size = [], 0
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > most_bytes:
            response.close()
            raise AnswerTooLongError
        chunks.append(chunk)
    response._content = b"".join(chunks)  # noqa: SLF001 - `content` has no other way to be told


def _refuse_negative_chunks(raw: HTTPResponse) -> None:
    """Have a negative chunk length refused: urllib3 takes it, and reads all that comes in one go."""
    update = raw._update_chunk_length  # noqa: SLF001 - urllib3 looks at a length nowhere else

    def checked() -> None:
        update()
        if raw.chunk_left is not None and raw.chunk_left < 0:
            length = str(raw.chunk_left).encode()
            raw.close()
            raise InvalidChunkLength(raw, length)

    raw._update_chunk_length = checked  # type: ignore[method-assign]  # noqa: SLF001
