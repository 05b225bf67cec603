"""The machine of this process: facts of the system, mounted file systems, cores and memory that it may use."""
