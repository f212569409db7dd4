"""The blend as a torch module, for who loads `model.pt`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainer.models import blend
from trainer.models.ensemble.module import Ensemble


class Blend(nn.Module):
    """Ensembles and their shares: float32 (n, features) to (n, outputs), as `blend.forward`.

    Blend.from_state_dict(torch.load("model.pt", weights_only=True))
    """

    shares: Tensor
    link: Tensor

    def __init__(self, link: str, shares: Sequence[float], ensembles: Sequence[Ensemble]) -> None:
        """`link` is one of `blend.LINKS`."""
        super().__init__()
        self.register_buffer("link", torch.tensor([blend.LINKS.index(link)]))
        self.register_buffer("shares", torch.tensor(shares, dtype=torch.float64))
        self.ensembles = nn.ModuleList(ensembles)

    def forward(self, x: Tensor) -> Tensor:
        outputs = [each(x).numpy(force=True) for each in self.ensembles]
        mixed = blend.mix(blend.LINKS[int(self.link)], self.shares.numpy(force=True), outputs)
        return torch.from_numpy(mixed.astype(np.float32)).to(x.device)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> "Blend":
        """The blend whose `state_dict` this is."""
        ensembles = []
        for number in range(len(state["shares"])):
            prefix = f"ensembles.{number}."
            own = {n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)}
            ensembles.append(Ensemble.from_state_dict(own))
        return cls(blend.LINKS[int(state["link"])], state["shares"].tolist(), ensembles)
