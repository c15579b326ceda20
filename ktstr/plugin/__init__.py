"""What the pytest plugin does once a session really holds tests of ours; imported only then."""
