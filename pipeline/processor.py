"""What the processor can do fast: networks are read in the numbers that it multiplies best."""

from __future__ import annotations

import torch


def has_bfloat16(device: str = "cpu") -> bool:
    """Whether it multiplies bfloat16 numbers (AVX-512 BF16): networks are then twice as fast.

    They are trained in bfloat16 too; docs/benchmarks.md has what it costs in errors. Processors
    without the instructions emulate them, slowly; accelerators have them.
    """
    return device != "cpu" or _answer("_is_avx512_bf16_supported")


def in_bfloat16(device: str = "cpu") -> torch.autocast:
    """The context in which networks run and learn on a device: bfloat16 where that is fast.

    Processors without its instructions have no LSTMs in it at all and go on in float32.
    """
    return torch.autocast(device, torch.bfloat16, enabled=has_bfloat16(device))


def has_byte_products() -> bool:
    """Whether it adds up products of bytes (AVX2); on others it is not tried."""
    return _answer("_is_avx2_supported")


def _answer(question: str) -> bool:
    # The only way to ask; where PyTorch has no such question the answer is no.
    asked = getattr(torch.cpu, question, lambda: False)
    return bool(asked())
