"""Which ConfigMaps and Secrets a pod spec names, and whether it can do without them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from podiatrist.cluster.objects import PodSpec


@dataclass(frozen=True)
class Reference:
    """One use of a ConfigMap or Secret (`kind`) in a pod spec; `key` is "" where all are meant.

    `where` says it in the spec's words: `env PORT of container app`, `volume config`.
    """

    kind: str
    name: str
    key: str
    optional: bool
    where: str
    container: str = ""


def references(spec: PodSpec) -> Iterator[Reference]:
    """Yield every use of a ConfigMap or Secret in a pod spec."""
    for container in spec.all_containers:
        here = f"of container {container.name}"
        for env in container.env:
            source = env.value_from
            for kind, ref in (
                ("ConfigMap", source.config_map_key_ref if source else None),
                ("Secret", source.secret_key_ref if source else None),
            ):
                if ref is not None:
                    yield Reference(kind, ref.name, ref.key, ref.optional,
                                    f"env {env.name} {here}", container.name)  # fmt: skip
        for group in container.env_from:
            for kind, ref in (("ConfigMap", group.config_map_ref), ("Secret", group.secret_ref)):
                if ref is not None:
                    yield Reference(kind, ref.name, "", ref.optional,
                                    f"envFrom {here}", container.name)  # fmt: skip
    for volume in spec.volumes:
        here = f"volume {volume.name}"
        if volume.config_map is not None:
            source_keys = [item.key for item in volume.config_map.items] or [""]
            for key in source_keys:
                yield Reference("ConfigMap", volume.config_map.name, key,
                                volume.config_map.optional, here)  # fmt: skip
        if volume.secret is not None:
            source_keys = [item.key for item in volume.secret.items] or [""]
            for key in source_keys:
                yield Reference("Secret", volume.secret.secret_name, key,
                                volume.secret.optional, here)  # fmt: skip
        if volume.projected is not None:
            yield from _projected(volume.projected, here)


def _projected(projected: dict[str, Any], here: str) -> Iterator[Reference]:
    sources = projected.get("sources")
    for source in sources if isinstance(sources, list) else []:
        for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
            ref = source.get(field) if isinstance(source, dict) else None
            if isinstance(ref, dict) and isinstance(ref.get("name"), str):
                items = [i for i in ref.get("items") or [] if isinstance(i, dict)]
                for key in [str(i.get("key") or "") for i in items] or [""]:
                    yield Reference(kind, ref["name"], key, ref.get("optional") is True, here)


def config_maps_named(specs: Iterable[PodSpec]) -> set[str]:
    """Return the names of all ConfigMaps that pod specs use."""
    return {r.name for spec in specs for r in references(spec) if r.kind == "ConfigMap" and r.name}
