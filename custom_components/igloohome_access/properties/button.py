"""The button that makes new codes for the next arrival."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..booking_services import async_issue_now
from ..coordinator import Account
from ..errors import wrong_input
from .entity import PropertyEntity

ISSUE_AGAIN = ButtonEntityDescription(
    key="issue_arrival_code", translation_key="issue_arrival_code"
)


@callback
def async_add_property_buttons(
    account: Account, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of every property."""
    for property_id, runner in account.properties.items():
        async_add_entities(
            [IssueAgainButton(account.coordinator.account_id, runner, ISSUE_AGAIN)],
            config_subentry_id=property_id,
        )


class IssueAgainButton(PropertyEntity, ButtonEntity):
    """Makes new codes for the next arrival; old ones are superseded, and still open."""

    @override
    async def async_press(self) -> None:
        """Make them now, and wait for them."""
        arrival = self._runner.arrival
        if arrival is None:
            raise wrong_input(
                "no_arrival_known", {"property": self._runner.config.name}
            )
        await async_issue_now(self.hass, self._runner, arrival.booking)
