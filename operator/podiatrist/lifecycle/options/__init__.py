"""What a human may choose from: worked out by the operator, tried by the executor."""
