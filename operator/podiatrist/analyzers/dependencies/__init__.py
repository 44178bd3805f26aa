"""What workloads need from each other."""
