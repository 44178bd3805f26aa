"""The Diagnosis: its types, conditions, names and CRD. Imports nothing else of ours."""
