"""Its place is its purpose: pytest puts this folder on the path, so every test folder may import `conformance`."""
