# SPDX-License-Identifier: Apache-2.0
"""Exit codes and error messages of the scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable

from input_files import Missing

BAD_INPUT, FILE_ERROR = 2, 4


def run_script(program: str, body: Callable[[], None]) -> int:
    """Exit code of `body`: what is missing or cannot be written is one line on stderr, without a stack trace."""
    try:
        body()
    except Missing as error:
        print(f"{program}: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        place = error.filename or "the output"
        print(f"{program}: {place} cannot be read or written ({error.strerror or error}); check the path, its rights "
              "and the space left", file=sys.stderr)
        return FILE_ERROR
    return 0
