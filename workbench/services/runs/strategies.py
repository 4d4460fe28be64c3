"""The freezing strategies by name, for who lists them; read without a store."""

from typing import Final

from workbench.asr.training.freezing import STRATEGIES

NAMES: Final = tuple(STRATEGIES)
