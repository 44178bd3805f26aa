"""What people do with Diagnoses at their desk, with their own rights.

Each module holds one thing to do: what decides is pure, and what is sent goes through the API
server's admission like anybody's request.
"""
