"""The short form of `make chaos`: everybody is killed at random while each octet is compared."""
import random

import pytest

from chaos import trial

pytestmark = pytest.mark.alone


def test_for_a_while(start):
    seed = random.randrange(1 << 31)
    print("seed", seed)
    outcome = trial.run(start(trial.SETTINGS), 20, seed, pause=(0.1, 0.8), life=(2, 8), say=print)
    assert outcome.passed(), str(outcome)
