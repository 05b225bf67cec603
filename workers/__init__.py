"""The shell that runs searches: executors, tasks, the steps of a search, the dispatcher and `nas run`."""
