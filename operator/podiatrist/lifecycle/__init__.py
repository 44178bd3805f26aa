"""The path of a Diagnosis: one pure function that decides, one module for each step."""
