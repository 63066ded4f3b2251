"""Preset settings: the caller overrides defaults, and adds checks of claims."""

from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Identity
from oauth_guard.errors import InvalidToken, Reason
from tests.unit.issuers.presets.documented_tokens import KEYCLOAK, PRODUCTS, Product

EACH = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)


@EACH
async def test_claims_setting_is_checked_in_addition_to_the_values_of_the_preset(
    product: Product,
) -> None:
    """It is a mapping or a function."""

    def check_plan(claims: Mapping[str, Any]) -> None:
        if claims.get("plan") != "paid":
            raise InvalidToken(Reason.WRONG_CLAIM)

    for claims in ({"plan": "paid"}, check_plan):
        assert isinstance(
            await product.verdict(product.token(plan="paid"), claims=claims), Identity
        )
        assert await product.verdict(product.token(), claims=claims) == Reason.WRONG_CLAIM
        if product.required[-1] in {"typ", "ver", "token_use"}:
            changes: dict[str, Any] = {product.required[-1]: "x"}
            other = product.token(plan="paid", **changes)
            assert await product.verdict(other, claims=claims) == Reason.WRONG_CLAIM


@EACH
async def test_setting_overrides_the_default_of_the_preset(product: Product) -> None:
    """For a product that is configured differently."""
    token = product.token(roles_here=["x"])
    identity = await product.verdict(token, role_claims=["roles_here"])
    assert isinstance(identity, Identity)
    assert identity.roles == {"x"}


@EACH
def test_unknown_setting_is_a_configuration_error(product: Product) -> None:
    """It is not ignored."""
    with pytest.raises(ConfigurationError, match="rolls= is no setting"):
        product.make(rolls=["x"])


async def test_claims_setting_does_not_override_a_value_of_the_preset() -> None:
    """Otherwise a refresh token could pass for an access token."""
    token = KEYCLOAK.token(typ="Refresh")
    assert await KEYCLOAK.verdict(token, claims={"typ": "Refresh"}) == Reason.WRONG_TYPE
