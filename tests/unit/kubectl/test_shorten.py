"""Long output becomes short, and says what it leaves out."""

from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.kubectl.shorten import fold, shorten


def test_short_output_stays_as_it_is() -> None:
    assert shorten("a\nb\n\nc", 100, 0.5) == "a\nb\n\nc"


def test_a_line_that_repeats_is_told_once() -> None:
    text = "start\n" + "waiting\n" * 38 + "end"
    assert fold(text) == "start\nwaiting\n(the line above 37 more times)\nend"


def test_twice_is_no_repetition() -> None:
    assert fold("a\na\nb") == "a\na\nb"


def test_lines_of_a_log_that_differ_only_in_numbers_count_as_repeated() -> None:
    text = "\n".join(f"03:04:{n:02} try {n}: connection refused" for n in range(40))
    assert fold(text, alike=True) == (
        "03:04:00 try 0: connection refused\n(the line above 39 more times, with other numbers)"
    )


def test_rows_of_a_table_are_told_each() -> None:
    text = "\n".join(f"web-{n} 0/1 Error" for n in range(10))
    assert fold(text) == text


def test_blocks_that_repeat_are_told_once() -> None:
    text = "connecting\nrefused\nwaiting\n" * 10 + "gave up"
    assert fold(text) == ("connecting\nrefused\nwaiting\n(the 3 lines above 9 more times)\ngave up")


def test_of_long_output_head_and_tail_are_kept() -> None:
    text = "\n".join(f"{chr(97 + n % 26) * 9} {n}" for n in range(1000))
    lines = shorten(text, 500, 0.25).splitlines()
    assert lines[0] == "aaaaaaaaa 0"
    assert lines[-1].endswith(" 999")
    gap = next(n for n, line in enumerate(lines) if "lines left out" in line)
    assert gap < len(lines) - gap, "the end of a log matters more"
    left_out = int(lines[gap].split()[1])
    assert len(lines) - 1 + left_out == 1000


def test_a_line_without_end_is_cut_in_the_middle() -> None:
    shown = shorten("begin " + "x" * 10_000_000 + " end", 6000, 0.5)
    assert shown.startswith("begin x")
    assert shown.endswith("x end")
    assert len(shown) < 1200


@given(st.text(alphabet="ab1\n", max_size=400), st.integers(50, 300), st.floats(0.1, 0.9))
def test_it_is_never_much_longer_than_it_may_be(text: str, most: int, head: float) -> None:
    assert len(shorten(fold(text), most, head)) <= most + 60
