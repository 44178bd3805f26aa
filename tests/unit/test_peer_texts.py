"""What logs, variables and commands tell about peers; and that no text takes long or raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.common.slips import close_names, is_slip
from podiatrist.analyzers.dependencies.connection_errors import Trouble, connection_errors, words_of
from podiatrist.analyzers.dependencies.declared_peers import declared_peers
from podiatrist.cluster.objects import PodSpec, parse

UNRESOLVED, DOWN = Trouble.UNRESOLVED, Trouble.DNS_DOWN

LINES = [
    ("wget: bad address 'db'", UNRESOLVED, "db", 0),
    ("wget: bad address 'db:80'", UNRESOLVED, "db", 80),
    ("dial tcp: lookup db on 10.96.0.10:53: no such host", UNRESOLVED, "db", 0),
    ("dial tcp: lookup db on 10.96.0.10:53: server misbehaving", DOWN, "db", 0),
    (
        'could not translate host name "db" to address: Name or service not known',
        UNRESOLVED,
        "db",
        0,
    ),
    (
        'could not translate host name "db" to address: Temporary failure in name resolution',
        DOWN,
        "db",
        0,
    ),
    ("Error: getaddrinfo ENOTFOUND db", UNRESOLVED, "db", 0),
    ("getaddrinfo EAI_AGAIN db", DOWN, "db", 0),
    ('nginx: [emerg] host not found in upstream "api:8080" in /x.conf:3', UNRESOLVED, "api", 8080),
    ("curl: (6) Could not resolve host: api", UNRESOLVED, "api", 0),
    ("java.net.UnknownHostException: api: Name or service not known", UNRESOLVED, "api", 0),
    ("Unknown MySQL server host 'mysql' (-2)", UNRESOLVED, "mysql", 0),
    ("Error -2 connecting to redis:6379. Name or service not known.", UNRESOLVED, "redis", 6379),
    ("socket.gaierror: [Errno -2] Name or service not known", UNRESOLVED, "", 0),
    ("** server can't find db.shop.svc: NXDOMAIN", UNRESOLVED, "db.shop.svc", 0),
    ("nslookup: can't resolve 'db'", UNRESOLVED, "db", 0),
    ("dial tcp 10.96.0.9:5432: connect: connection refused", Trouble.REFUSED, "", 0),
    ("Error: connect ETIMEDOUT 10.96.0.9:5432", Trouble.TIMEOUT, "", 0),
]  # fmt: skip


@pytest.mark.parametrize(("line", "trouble", "host", "port"), LINES)
def test_what_a_line_tells(line: str, trouble: Trouble, host: str, port: int) -> None:
    (error,) = connection_errors([line])
    assert (error.trouble, error.host, error.port) == (trouble, host, port)
    assert error.line == line


@pytest.mark.parametrize(
    "line",
    ["listening on :8080", "connected to db", "  -w SEC  Connect timeout", "db migrated", ""],
)
def test_lines_that_tell_of_no_trouble(line: str) -> None:
    assert connection_errors([line]) == []


def test_the_latest_complaint_comes_first() -> None:
    told = connection_errors(["bad address 'a'", "bad address 'b'", "bad address 'a'"])
    assert [e.host for e in told][:1] == ["a"]


def test_ports_beside_hosts() -> None:
    assert ("db", 5432) in list(words_of("dial tcp db:5432: refused"))
    assert ("db", 5432) in list(words_of('server at "db" (10.96.0.9), port 5432 failed'))


def pod(env: dict[str, str] | None = None, *command: str) -> PodSpec:
    variables = [{"name": k, "value": v} for k, v in (env or {}).items()]
    raw = {"containers": [{"name": "app", "env": variables, "command": list(command)}]}
    return parse(PodSpec, raw) or PodSpec()


@pytest.mark.parametrize(
    ("env", "peers"),
    [
        ({"DB_HOST": "db"}, [("db", 0)]),
        ({"DB_HOST": "db", "DB_PORT": "5432"}, [("db", 5432)]),
        ({"DATABASE_URL": "postgres://u:p@db.data.svc:5432/x?y=z"}, [("db.data.svc", 5432)]),
        ({"JDBC": "jdbc:postgresql://db:5432/x"}, [("db", 5432)]),
        ({"DSN": "user:pw@tcp(db:3306)/x"}, [("db", 3306)]),
        ({"DSN": "host=db port=5432 user=x"}, [("db", 5432)]),
        ({"BROKERS": "k-0.k:9092,k-1.k:9092"}, [("k-0.k", 9092), ("k-1.k", 9092)]),
        ({"APP_NAME": "db"}, []),
        ({"LOG_LEVEL": "info"}, []),
        ({"DB_HOST": "localhost"}, []),
        ({"DB_URL": "http://127.0.0.1:80"}, []),
        ({"LISTEN": "0.0.0.0:8080", "TIME": "12:30"}, []),
    ],
)
def test_peers_in_variables(env: dict[str, str], peers: list[tuple[str, int]]) -> None:
    assert [(p.host, p.port) for p in declared_peers(pod(env))] == peers


@pytest.mark.parametrize(
    ("command", "peers"),
    [
        ("until nc -z db 5432; do sleep 1; done", [("db", 5432)]),
        ("nc -z -w 2 db 5432", [("db", 5432)]),
        ("wget -q -O /dev/null http://api:8080/x", [("api", 8080)]),
        ("until nslookup db; do sleep 1; done", [("db", 0)]),
        ("psql --host=db --username x", [("db", 0)]),
        ("python -c 'socket.create_connection((\"db\", 5432))'", [("db", 5432)]),
        ("echo the db is here; exec app", []),
        ('wget "http://$DB_HOST/"', []),
    ],
)
def test_peers_in_commands(command: str, peers: list[tuple[str, int]]) -> None:
    spec = pod({"X": "y"}, "sh", "-c", command)
    assert [(p.host, p.port) for p in declared_peers(spec)] == peers


@given(st.text(max_size=300))
def test_no_line_raises_and_each_is_quoted_as_it_is(text: str) -> None:
    for prefix in ("", "bad address '", "connection refused ", "lookup "):
        for error in connection_errors([prefix + text]):
            assert error.line in prefix + text
        list(words_of(prefix + text))


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_value_raises_and_each_peer_stands_where_it_was_read(value: str, name: str) -> None:
    for peer in declared_peers(pod({name or "X": value}, "sh", value)):
        assert peer.text in value or peer.text in f"sh {value}"


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("wbe", "web", True),
        ("bd", "db", True),
        ("weeb", "web", True),
        ("we", "web", False),
        ("web", "wen", True),
        ("db1", "db2", False),
        ("db", "db2", False),
        ("web", "api", False),
        ("web", "web", False),
    ],
)
def test_slips(one: str, other: str, slip: bool) -> None:
    assert is_slip(one, other) is slip
    assert is_slip(other, one) is slip


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_close_names_are_known_ones(name: str, known: list[str]) -> None:
    found = close_names(name, known)
    assert set(found) <= set(known) - {name}
    assert len(found) <= 2
