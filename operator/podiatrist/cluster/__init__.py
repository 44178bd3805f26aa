"""The only code that talks to Kubernetes: client, snapshot, Diagnosis store."""
