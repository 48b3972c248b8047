"""The C API for Cython and for what takes addresses: see capi.pxd."""

from typing import Any

__pyx_capi__: dict[str, Any]
