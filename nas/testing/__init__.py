"""What plugin authors and this repository test with: conformance suites and small spaces."""
