"""Which model to ask, where, and what it costs: `PODIATRIST_MODEL...`, `PODIATRIST_PRICE_...`."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_URL = "https://api.openai.com/v1"


class ModelSettings(BaseSettings):
    """The model's settings. Without a name there is no model, and Podiatrist works by its rules."""

    model_config = SettingsConfigDict(
        env_prefix="PODIATRIST_",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # the input of a failing check of the whole holds the key
    )

    model: str = Field(default="", max_length=200)
    """Name of the model, as the endpoint knows it. Empty: no model, rules only."""
    model_url: str = _URL
    """Base URL of an OpenAI-compatible endpoint; mostly it ends in /v1."""
    model_key: SecretStr = SecretStr("")
    """Key of the endpoint. Local servers mostly need none."""
    model_tools: Literal["auto", "native", "schema"] = "auto"
    """How the model calls tools. native: by its own tool calls; schema: by steps in JSON, for
    models that cannot; auto: native until the model shows that it cannot."""
    model_timeout: float = Field(default=180.0, gt=0, le=3600)
    """How long one answer may take, all retries included."""
    price_prompt: float | None = Field(default=None, ge=0)
    """Money for a million tokens sent."""
    price_completion: float | None = Field(default=None, ge=0)
    """Money for a million tokens received."""

    @field_validator("model_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"needs a URL such as {_URL}")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("takes no user, password or query; the key is PODIATRIST_MODEL_KEY")
        path = parts.path.rstrip("/")
        if path.endswith("/completions"):
            raise ValueError("is the base URL: leave /chat/completions off")
        return f"{parts.scheme}://{parts.netloc}{path}"

    @field_validator("model_key")
    @classmethod
    def _one_word(cls, key: SecretStr) -> SecretStr:
        word = key.get_secret_value().strip()  # a key from a file ends in a newline
        if not word.isascii() or not word.isprintable() or " " in word:
            raise ValueError("holds what no key holds: blanks, line breaks, or other than ASCII")
        return SecretStr(word)

    @field_validator("model")
    @classmethod
    def _stripped(cls, name: str) -> str:
        return name.strip()

    @field_validator("price_prompt", "price_completion", mode="before")
    @classmethod
    def _unknown(cls, price: object) -> object:
        return None if isinstance(price, str) and not price.strip() else price

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.model_url != _URL and not self.model:
            raise ValueError("PODIATRIST_MODEL_URL is set: name the model in PODIATRIST_MODEL too")
        return self
