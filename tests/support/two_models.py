"""Two models for the page that predict always the same: the champion jazz, the other one rock."""

from __future__ import annotations

from dataclasses import dataclass

from components.page.models import Choice, Models
from tests.support import constant_model

CHAMPION = Choice("yamnet", "models:/genre/1", "1" * 32, "7", "1")
OTHER = Choice("mlp", "runs:/2/model", "2" * 32, "7")


@dataclass
class TwoModels(Models):
    """Models without a store."""

    client: object = None
    params: object = None

    def choices(self):
        return [CHAMPION, OTHER]

    def load(self, choice):
        shares = [0.1, 0.7, 0.2] if choice is CHAMPION else [0.2, 0.2, 0.6]
        return constant_model.loaded_model(shares, name=choice.name)
