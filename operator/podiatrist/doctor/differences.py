"""Where an object differs from what was shipped, seen through what the API server fills in."""

from typing import Any

_FILLED_IN: dict[str, Any] = {
    # ValidatingAdmissionPolicy and its kin (SetDefaults_MatchResources of admissionregistration)
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "scope": "*",
    # CustomResourceDefinition (SetDefaults_CustomResourceDefinitionSpec)
    "conversion": {"strategy": "None"},
}
"""Fields that the API server adds by itself, and the value it gives them.

Any other value counts as a difference: a namespaceSelector takes namespaces out of a policy.
"""


def differences(expected: Any, found: Any, path: str = "spec") -> list[str]:
    """Return the paths of all fields that differ: `spec.validations[3].expression`."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            difference
            for name in sorted(expected.keys() | found.keys())
            for difference in _field(name, expected, found, f"{path}.{name}")
        ]
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [path]
        pairs = enumerate(zip(expected, found, strict=True))
        return [d for i, (e, f) in pairs for d in differences(e, f, f"{path}[{i}]")]
    return [] if expected == found else [path]


def _field(name: str, expected: dict[str, Any], found: dict[str, Any], path: str) -> list[str]:
    if name not in expected:
        known = name in _FILLED_IN and found[name] == _FILLED_IN[name]
        return [] if known or found[name] is None else [path]
    return differences(expected[name], found.get(name), path)
