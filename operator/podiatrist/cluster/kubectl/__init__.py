"""The real kubectl for somebody who is not trusted: reads only, without a shell.

A line is parsed into a typed command (`grammar.py`), which is written out anew as arguments, run
(`runner.py`), and what comes back is cleaned (`output.py`).
"""

from podiatrist.cluster.kubectl.find import find_kubectl
from podiatrist.cluster.kubectl.output import Output
from podiatrist.cluster.kubectl.refusal import RefusedCommandError
from podiatrist.cluster.kubectl.runner import Kubectl

__all__ = ["Kubectl", "Output", "RefusedCommandError", "find_kubectl"]
