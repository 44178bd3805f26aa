"""The model that the settings ask for."""

from podiatrist.agent.model import Model
from podiatrist.agent.models.either_model import EitherModel
from podiatrist.agent.models.endpoint import Endpoint, keep_quiet
from podiatrist.agent.models.openai_model import OpenAIModel
from podiatrist.agent.models.retry import Patience, Time
from podiatrist.agent.models.schema_steps import SchemaSteps
from podiatrist.agent.models.settings import ModelSettings


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
