"""The gradient of a table that is looked up in and multiplied by is autograd's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from workbench.asr.models.tied_embedding import look_up

IDS = torch.tensor([[3, 1, 3], [0, 2, 6]])  # 3 twice; 0 is the padding


@pytest.mark.parametrize("padding_id", [None, 0])
@pytest.mark.parametrize("times", [1, 2])  # twice: gradients of several batches are added up
def test_gradient_of_both_uses_is_autograds(padding_id: int | None, times: int) -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(w) for w in torch.randn(7, 4).expand(2, 7, 4).clone())
    for _ in range(times):
        for table, rows in (
            (ours, look_up(IDS, ours, padding_id)),
            (theirs, functional.embedding(IDS, theirs, padding_id)),
        ):
            functional.cross_entropy((rows.sum(1).tanh() @ table.T), torch.tensor([1, 4])).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_table_that_is_only_looked_up_in_gets_its_gradient() -> None:
    weight = nn.Parameter(torch.randn(7, 4))
    look_up(IDS, weight, None).sum().backward()
    counts = torch.bincount(IDS.flatten(), minlength=7).float()
    torch.testing.assert_close(weight.grad, counts[:, None].expand(7, 4))


def test_without_gradients_it_is_a_plain_lookup() -> None:
    weight = nn.Parameter(torch.randn(7, 4))
    with torch.no_grad():
        rows = look_up(IDS, weight, None)
    assert not rows.requires_grad
    assert torch.equal(rows, weight[IDS])
