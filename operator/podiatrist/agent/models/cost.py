"""What tokens cost in money, where prices are configured."""

from podiatrist.agent.messages import TokenCount
from podiatrist.agent.models.settings import ModelSettings

_MILLION = 1_000_000


def cost(tokens: TokenCount, settings: ModelSettings) -> str | None:
    """Return the price of tokens, such as "0.0123", in the currency of the configured prices.

    None where no price is configured; a kind of token without a price is free.
    """
    if settings.price_prompt is None and settings.price_completion is None:
        return None
    sent = tokens.prompt * (settings.price_prompt or 0.0)
    received = tokens.completion * (settings.price_completion or 0.0)
    return f"{(sent + received) / _MILLION:.4f}"
