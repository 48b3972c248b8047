"""Code run in a fresh interpreter, with environment variables of its own."""

import os
import subprocess
import sys


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def output(code, **environment):
    """What the code prints; it must succeed."""
    result = run(code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def error(code, **environment):
    """The last line that the code writes on failing; it must fail."""
    result = run(code, **environment)
    assert result.returncode != 0
    return result.stderr.strip().splitlines()[-1]
