# Unit tests and checks.
