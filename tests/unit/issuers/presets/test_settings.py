"""An operator may set a product up in another way, and ask for more than it does."""

from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Identity
from oauth_guard.errors import InvalidToken, Reason
from tests.unit.issuers.presets.documented_tokens import KEYCLOAK, PRODUCTS, Product

EACH = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)


@EACH
async def test_what_is_asked_for_comes_on_top(product: Product) -> None:
    """By value or by a function, and the product's own marks are asked for still."""

    def judge(claims: Mapping[str, Any]) -> None:
        if claims.get("plan") != "paid":
            raise InvalidToken(Reason.WRONG_CLAIM)

    for claims in ({"plan": "paid"}, judge):
        assert isinstance(
            await product.verdict(product.token(plan="paid"), claims=claims), Identity
        )
        assert await product.verdict(product.token(), claims=claims) == Reason.WRONG_CLAIM
        if product.without[-1] in {"typ", "ver", "token_use"}:
            mark: dict[str, Any] = {product.without[-1]: "x"}
            odd = product.token(plan="paid", **mark)
            assert await product.verdict(odd, claims=claims) == Reason.WRONG_CLAIM


@EACH
async def test_what_is_set_takes_the_place_of_the_preset(product: Product) -> None:
    """For a product that was set up in another way."""
    token = product.token(roles_here=["x"])
    identity = await product.verdict(token, role_claims=["roles_here"])
    assert isinstance(identity, Identity)
    assert identity.roles == {"x"}


@EACH
def test_an_unknown_setting_is_refused(product: Product) -> None:
    """Not ignored, since it was meant."""
    with pytest.raises(ConfigurationError, match="rolls= is no setting"):
        product.make(rolls=["x"])


async def test_a_mark_of_the_product_can_not_be_set_to_another() -> None:
    """Or a refresh token would pass for an access token."""
    token = KEYCLOAK.token(typ="Refresh")
    assert await KEYCLOAK.verdict(token, claims={"typ": "Refresh"}) == Reason.WRONG_CLAIM
