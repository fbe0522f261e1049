"""What stands around the code of a user in an interpreter of the local workspace."""
