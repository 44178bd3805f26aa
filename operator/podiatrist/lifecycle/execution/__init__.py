"""What changes the cluster: patches and deletions, each sent once, and the way back."""
