"""Whether a fix helped: the approved checks, held against what is seen."""
