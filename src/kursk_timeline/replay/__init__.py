"""From effects to answers: accounts, exact bounds, steps, estimates, the general fold."""
