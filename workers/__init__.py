"""The shell that runs searches: executors for trials, and the composition of a whole run."""
