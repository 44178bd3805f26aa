"""Autoscalers and disruption budgets."""
