"""Whether an approval counts: whose, how old, held by what; and the intent that follows it."""
