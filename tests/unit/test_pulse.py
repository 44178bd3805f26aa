"""When a process is sick, when it is not ready, and when it is neither."""

from podiatrist.handlers.pulse import CUT_OFF, SILENT, STUCK, Pulse


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def leader() -> tuple[Pulse, Clock]:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.leads("diagnoses", "pods")
    pulse.heard("pods")
    pulse.heard("diagnoses")
    return pulse, clock


def test_a_leader_that_hears_is_well() -> None:
    pulse, _ = leader()
    assert (pulse.sick(), pulse.unready()) == (None, None)


def test_a_stuck_loop_is_sick_whatever_else_is_true() -> None:
    pulse, clock = leader()
    clock.now += STUCK + 1
    assert "event loop" in str(pulse.sick())


def test_one_silent_watch_is_sick_while_the_api_server_answers() -> None:
    pulse, clock = leader()
    clock.now += SILENT + 1
    pulse.turned()
    pulse.heard("diagnoses")
    assert pulse.sick() == f"the watch of pods has brought nothing for {SILENT + 1:.0f} s"
    assert pulse.unready() == pulse.sick()


def test_silence_of_the_api_server_is_not_ours_to_mend() -> None:
    pulse, clock = leader()
    clock.now += SILENT + 1
    pulse.turned()
    assert pulse.sick() is None
    assert "API server" in str(pulse.unready())


def test_who_stands_by_is_ready_and_hears_nothing() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    assert "not answered yet" in str(pulse.unready())
    pulse.reached()
    assert pulse.unready() is None
    clock.now += CUT_OFF + 1
    pulse.turned()
    assert pulse.sick() is None
    assert pulse.unready() is not None


def test_a_run_that_failed_is_told_until_one_hears_again() -> None:
    pulse, _ = leader()
    pulse.trouble = "watching the cluster failed"
    assert pulse.unready() == "watching the cluster failed"
    assert pulse.sick() is None, "a restart would not help"
    pulse.heard("pods")
    assert pulse.unready() is None


def test_a_new_run_forgets_what_the_last_one_heard() -> None:
    pulse, _ = leader()
    pulse.begin()
    assert pulse.ages() == {}
    assert not pulse.leading


def test_a_leader_that_never_watches_diagnoses_is_not_ready_and_in_the_end_sick() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.leads("diagnoses", "pods")
    pulse.heard("pods")
    assert pulse.unready() == "the watch of diagnoses has not begun yet"
    assert pulse.sick() is None
    clock.now += SILENT + 1
    assert pulse.ages() == {"diagnoses": SILENT + 1, "pods": SILENT + 1}, "an alert looks at both"
    pulse.turned()
    pulse.heard("pods")
    assert "the watch of diagnoses" in str(pulse.sick())
