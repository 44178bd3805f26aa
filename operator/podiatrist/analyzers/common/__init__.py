"""What several families of rules share: results, near misses, revisions, rollouts."""
