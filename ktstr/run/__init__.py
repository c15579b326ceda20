"""Running a scenario: from a declaration to a verdict."""
