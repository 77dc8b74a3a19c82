"""What the end-to-end tests stand on: the daemon under test, the servers behind it, and clients that can misbehave."""
