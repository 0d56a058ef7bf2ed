import pytest
import torch

from pipeline.processor import in_bfloat16


@pytest.mark.parametrize(("fast", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_networks_run_in_bfloat16_only_where_it_is_fast(
    monkeypatch: pytest.MonkeyPatch, fast: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr("pipeline.processor.has_bfloat16", lambda device: fast)
    with in_bfloat16():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
