"""The model that the settings ask for."""

from podiatrist.agent.either_model import EitherModel
from podiatrist.agent.endpoint import Endpoint, keep_quiet
from podiatrist.agent.model import Model
from podiatrist.agent.openai_model import OpenAIModel
from podiatrist.agent.retry import Patience, Time
from podiatrist.agent.schema_steps import SchemaSteps
from podiatrist.agent.settings import ModelSettings


def make_model(
    settings: ModelSettings, *, patience: Patience | None = None, at: Time | None = None
) -> Model | None:
    """Return the model of the settings; None where they name none."""
    if not settings.model:
        return None
    keep_quiet()
    endpoint = Endpoint(settings, patience=patience, at=at)
    if settings.model_tools == "native":
        return OpenAIModel(endpoint)
    if settings.model_tools == "schema":
        return SchemaSteps(endpoint)
    return EitherModel(OpenAIModel(endpoint), SchemaSteps(endpoint))
