"""Code run in a fresh interpreter, with environment variables of its own.

A test that does so is slow, as pyproject.toml says.
"""

import os
import subprocess
import sys


def python(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def output(code, **environment):
    """What the code prints; it must succeed."""
    result = python("-c", code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def error(code, **environment):
    """The last line that the code writes on failing; it must fail."""
    result = python("-c", code, **environment)
    assert result.returncode != 0
    return result.stderr.strip().splitlines()[-1]
