"""Notices sick workloads: cheap per event, patient, and once per workload."""
