"""The one place where tests shorten what Podiatrist waits for."""

SHORTENED = {
    "PODIATRIST_GRACE_UNSCHEDULABLE": "5",
    "PODIATRIST_GRACE_IMAGE": "4",
    "PODIATRIST_GRACE_CRASH": "2",
    "PODIATRIST_GRACE_START": "5",
    "PODIATRIST_GRACE_STUCK": "10",
    "PODIATRIST_GRACE_NOT_READY": "12",
    "PODIATRIST_GRACE_TERMINATING": "5",
    "PODIATRIST_GRACE_UNEXPLAINED": "45",
    "PODIATRIST_GRACE_SILENT": "5",
    "PODIATRIST_SWEEP": "5",
    "PODIATRIST_RECHECK": "2",
    "PODIATRIST_HEAL": "4",
    "PODIATRIST_SOAK": "4",
    "PODIATRIST_VERIFY": "90",
    "PODIATRIST_GIVE_UP": "15",
    "PODIATRIST_LOG_LEVEL": "DEBUG",
}
"""Environment of both processes, in seconds: everything is shortened, nothing is left out.

A new grace or sweep belongs here as well; `tests/unit/test_fault_cases.py` sees to it that
healthy cases are watched for longer than all of them.
"""
