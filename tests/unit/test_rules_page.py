"""docs/rules.md lists every reason that the rules can give, family by family, and no other.

What the rules give is read from their source: whatever stands where a reason belongs. Where that
is no plain text, it must be listed in `COMPUTED` here; an unknown expression is a failure, never
passed over.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "operator" / "podiatrist" / "analyzers"
PAGE = ROOT / "docs" / "rules.md"
FAULTS = ROOT / "tests" / "faults"

COMPUTED = {
    "f'{failure.kind}ProbeFailing'": {
        "LivenessProbeFailing",
        "ReadinessProbeFailing",
        "StartupProbeFailing",
    },
    "f\"{self.kind}{('Key' if self.key else '')}NotFound\"": {
        "ConfigMapNotFound",
        "ConfigMapKeyNotFound",
        "SecretNotFound",
        "SecretKeyNotFound",
        "ServiceAccountNotFound",
    },
    "f'{why.kind}NotFound'": {
        "PriorityClassNotFound",
        "RuntimeClassNotFound",
        "ServiceAccountNotFound",
    },
    "_REASONS.get(c.type, c.type)": {
        "DiskPressure",
        "MemoryPressure",
        "NodeNetworkUnavailable",
        "PIDPressure",
    },
}
"""Reasons that are put together, by the expression as `ast.unparse` writes it."""

TABLES = {
    "_CAUSES": "starting/mounts.py",
    "_CODES": "containers/exit_codes.py",
    "_KINDS": "containers/start_failures.py",
    "_OF_SIGNALS": "containers/exit_codes.py",
    "_REASONS": "scheduling/scheduling.py",
}
"""Module constants that hold reasons: as values of a dict, or as first items of tuples."""

PASSED_ON = {"reason", "cause"}
"""Variables that hold a reason which was told elsewhere in the source."""

KUBERNETES_OWN = {"Complaint", "Failure@images/images.py", "Terminated", "_of_events", "classify"}
"""What takes a `reason` of a pod, container or event, which is not one of ours."""

NEVER_TOLD = {"ContainerCrashing"}
"""Replaced by CrashLoop before it becomes a finding."""

_REASON = re.compile(r"[A-Z][A-Za-z]+")


@dataclass
class Source:
    """One file of the rules, and what of it takes a reason: position by name."""

    path: str
    tree: ast.Module
    takes: dict[str, int] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.path.rpartition("/")[0] or "analyzers"


def read(path: Path) -> Source:
    source = Source(path.relative_to(RULES).as_posix(), ast.parse(path.read_text("utf-8")))
    for node in source.tree.body:
        match node:
            case ast.FunctionDef():
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            case ast.ClassDef():
                fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
                names = [n.target.id for n in fields if isinstance(n.target, ast.Name)]
            case ast.Assign(targets=[ast.Name(id=name)]):
                source.constants[name] = node.value
                continue
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                source.constants[name] = value
                continue
            case ast.ImportFrom(module=str() as module):
                inner = module.removeprefix("podiatrist.analyzers.").replace(".", "/")
                source.imports |= {a.name: f"{inner}.py" for a in node.names}
                continue
            case _:
                continue
        own = {node.name, f"{node.name}@{source.path}"} & KUBERNETES_OWN
        if "reason" in names and not own:
            source.takes[node.name] = names.index("reason")
    return source


class Reader:
    """Collects the reasons of all sources."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = {s.path: s for s in sources}
        self.unclear: list[str] = []

    def reasons(self, source: Source) -> set[str]:
        """Return what the rules of one file can give."""
        found = {
            reason
            for expression in self._places(source)
            for reason in self._read(source, expression)
        }
        for name, path in TABLES.items():
            if path == source.path:
                found |= set(_in_table(source.constants[name]))
        return {r for r in found if r} - NEVER_TOLD

    def _places(self, source: Source) -> Iterator[ast.expr]:
        """Yield whatever stands where a reason belongs."""
        for node in ast.walk(source.tree):
            match node:
                case ast.Call(func=function):
                    name = function.id if isinstance(function, ast.Name) else ""
                    if name in KUBERNETES_OWN:
                        continue
                    yield from (k.value for k in node.keywords if k.arg == "reason")
                    at = self._position(source, name)
                    if at is not None and at < len(node.args):
                        if any(isinstance(a, ast.Starred) for a in node.args[: at + 1]):
                            self.unclear.append(f"{source.path}: {ast.unparse(node)}")
                        else:
                            yield node.args[at]
                case ast.Assign(targets=[target], value=value):
                    yield from self._assigned(source, target, value)
                case ast.Match(subject=ast.Attribute(attr="reason")):
                    yield from (
                        p.value
                        for case in node.cases
                        for p in ast.walk(case.pattern)
                        if isinstance(p, ast.MatchValue)
                    )
                case ast.FunctionDef(name="reason"):
                    yield from _returned(node)

    def _position(self, source: Source, name: str) -> int | None:
        if name in source.takes:
            return source.takes[name]
        other = self._sources.get(source.imports.get(name, ""))
        return other.takes.get(name) if other else None

    def _assigned(self, source: Source, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        at = next((i for i, n in enumerate(names) if getattr(n, "id", "") == "reason"), None)
        if at is None:
            return
        if not isinstance(target, ast.Tuple):
            yield value
        elif isinstance(value, ast.Tuple):
            yield value.elts[at]
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            for node in source.tree.body:
                if isinstance(node, ast.FunctionDef) and node.name == value.func.id:
                    yield from (r.elts[at] for r in _returned(node) if isinstance(r, ast.Tuple))
        elif not _is_lookup(value):
            self.unclear.append(f"{source.path}: {ast.unparse(target)} = {ast.unparse(value)}")

    def _read(self, source: Source, node: ast.expr) -> Iterator[str]:
        known = COMPUTED.get(ast.unparse(node))
        match node:
            case _ if known is not None:
                yield from known
            case ast.Constant(value=str() as text):
                yield text
            case ast.IfExp(body=one, orelse=other):
                yield from (*self._read(source, one), *self._read(source, other))
            case ast.BoolOp(values=values):
                yield from (r for value in values for r in self._read(source, value))
            case ast.Name(id=name) if name in source.constants:
                yield from self._read(source, source.constants[name])
            case ast.Name(id=name) if name in PASSED_ON:
                pass
            case ast.Attribute(attr="reason"):
                pass
            case ast.Call(args=[_, default]) if _is_lookup(node):
                yield from self._read(source, default)
            case _ if _is_lookup(node):
                pass
            case _:
                self.unclear.append(f"{source.path}:{node.lineno}: {ast.unparse(node)}")


def _is_lookup(node: ast.expr) -> bool:
    """Whether an expression looks something up in one of the tables."""
    match node:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in TABLES
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get")):
            return name in TABLES
    return False


def _in_table(table: ast.expr) -> Iterator[str]:
    match table:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Dict(values=values):
            yield from (r for value in values for r in _in_table(value))
        case ast.Tuple(elts=[ast.Constant(value=str() as first), *_]):
            yield first
        case ast.Tuple(elts=items):
            yield from (r for item in items for r in _in_table(item))


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    returns = (n for n in ast.walk(function) if isinstance(n, ast.Return))
    yield from (r.value for r in returns if r.value is not None)


def in_code() -> tuple[dict[str, set[str]], list[str]]:
    """Return the reasons of each family, and the expressions that could not be read."""
    sources = [read(path) for path in sorted(RULES.rglob("*.py"))]
    reader, found = Reader(sources), defaultdict[str, set[str]](set)
    for source in sources:
        found[source.family] |= reader.reasons(source)
    return {family: reasons for family, reasons in found.items() if reasons}, reader.unclear


def in_page() -> dict[str, set[str]]:
    """Return the reasons in the first columns of the tables headed `Reason`, by family."""
    found: dict[str, set[str]] = defaultdict(set)
    family, in_table = "", False
    for line in PAGE.read_text("utf-8").splitlines():
        if heading := re.match(r"## (\w+)", line):
            family = heading[1]
        first = line.split("|")[1].strip() if line.startswith("|") else ""
        in_table = bool(first) and (in_table or first == "Reason")
        if in_table:
            found[family] |= {r for r in re.findall(r"`([^`]+)`", first) if _REASON.fullmatch(r)}
    return found


def test_the_page_has_every_reason_of_the_code_and_no_other() -> None:
    code, unclear = in_code()
    assert not unclear, f"what these reasons can be must be said in COMPUTED: {unclear}"
    page = in_page()
    differences = [
        f"{family}: {reason} is {where}"
        for family in sorted({*code, *page})
        for reasons, others, where in (
            (code.get(family, set()), page.get(family, set()), "in the code, not in the page"),
            (page.get(family, set()), code.get(family, set()), "in the page, not in the code"),
        )
        for reason in sorted(reasons - others)
    ]
    assert not differences, "docs/rules.md is not what the rules are:\n" + "\n".join(differences)


def test_the_page_has_every_reason_that_a_fault_case_expects() -> None:
    known = set().union(*in_page().values())
    missing = {
        f"{path.parent.name}: {reason}"
        for path in FAULTS.glob("*/case.yaml")
        for wanted in (yaml.safe_load(path.read_text("utf-8")) or {}).get("expect") or []
        for reason in wanted.get("reasons") or []
        if reason not in known
    }
    assert not missing
