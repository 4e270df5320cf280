"""What the server's side says while it is loaded: its database, its machine. Read beside the run, never on its loop."""
