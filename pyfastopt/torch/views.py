"""Tensors of kinds that are stepped by way of a plain tensor: complex ones, and shards."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import torch

_PLAIN = (torch.Tensor, torch.nn.Parameter)


def is_plain(tensor: torch.Tensor) -> bool:
    """Return whether a tensor is stepped as it is."""
    return type(tensor) in _PLAIN and not tensor.is_complex()


def plain_view(tensor: Any, parameter: torch.Tensor) -> Any:
    """Return the plain tensor in whose memory a parameter or its state is.

    That is the part of this process of a ``DTensor``, and pairs of real numbers of what is complex.
    What is neither is returned as it is.

    Raises
    ------
    ValueError
        Where state is laid out otherwise than its parameter, and for a view that is conjugated or
        negated.
    """
    tensor = _local_part(tensor, parameter)
    if isinstance(tensor, torch.Tensor):
        for what, resolve in (("conjugation", "conj"), ("negation", "neg")):
            if getattr(tensor, f"is_{resolve}")():
                raise ValueError(
                    f"its {what} is still to be done; pass what .resolve_{resolve}() gives"
                )
    return _as_real(tensor)


def plain_gradient(gradient: Any, parameter: torch.Tensor) -> Any:
    """Return the same of a gradient, of which a copy will do."""
    gradient = _local_part(gradient, parameter)
    if isinstance(gradient, torch.Tensor):
        with torch.no_grad():
            gradient = gradient.resolve_conj().resolve_neg()
    return _as_real(gradient)


def _local_part(tensor: Any, parameter: torch.Tensor) -> Any:
    sharded = _sharded_type()
    if sharded is not None and isinstance(tensor, sharded):
        where = (tensor.device_mesh, tensor.placements)
        wanted = (
            (parameter.device_mesh, parameter.placements)
            if isinstance(parameter, sharded)
            else "no DTensor"
        )
        if where != wanted:
            raise ValueError(
                f"a DTensor on {where} does not lie as its parameter does, on {wanted}; "
                "redistribute it"
            )
        with torch.no_grad():
            tensor = tensor.to_local()
        if hasattr(tensor, "wait"):  # for what still comes from another process
            tensor = tensor.wait()
    return tensor


def _as_real(tensor: Any) -> Any:
    if isinstance(tensor, torch.Tensor) and tensor.is_complex():
        with torch.no_grad():
            tensor = torch.view_as_real(tensor)
    return tensor


def like(tensor: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Return a plain tensor as one of the parameter's kind, in the same memory."""
    sharded = _sharded_type()
    if parameter.is_complex():
        tensor = torch.view_as_complex(tensor)
    if sharded is not None and isinstance(parameter, sharded):
        tensor = sharded.from_local(
            tensor,
            parameter.device_mesh,
            parameter.placements,
            run_check=False,
            shape=parameter.shape,
            stride=parameter.stride(),
        )
    return tensor


def check_whole(parameter: torch.Tensor, group: Mapping[str, Any], place: str) -> None:
    """Raise ValueError where a step needs the norm of a parameter, and only a part is here."""
    sharded = _sharded_type()
    if (
        sharded is not None
        and isinstance(parameter, sharded)
        and group.get("layerwise")
        and not all(placement.is_replicate() for placement in parameter.placements)
    ):
        raise ValueError(
            f"{place} is a DTensor on {parameter.placements}: the norm of all its shards is not "
            "computed yet; set layerwise=False, or use an optimizer that needs no norms"
        )


def _sharded_type() -> Any:
    """Return the class of sharded tensors, if somebody has imported it."""
    module = sys.modules.get("torch.distributed.tensor")
    return None if module is None else getattr(module, "DTensor", None)
