"""What only shows in numbers that a cluster of one node does not have; no cluster needed."""
