"""No damage to a file gives a traceback, a hang or a wrong result: a few of each kind here, 300 of
each in `make fuzz`."""

from collections.abc import Iterator

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.targets import TARGETS

COUNT = 20


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    campaign = Campaign(tmp_path_factory.mktemp("fuzz"))
    yield campaign
    campaign.worker.close()


@pytest.mark.parametrize("name", TARGETS)
def test_damage_is_told_in_a_line(campaign: Campaign, name: str) -> None:
    outcome = campaign.run(name, COUNT, every_command=False)
    assert outcome.damaged == COUNT
    assert not outcome.faults, "\n".join(outcome.faults)
