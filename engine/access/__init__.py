"""Who may look at what is on record and change what the bot does: users, keys, sessions, and the trail they leave.

Before: `engine.web.auth`, `callctl users` and `callctl keys`. After: PostgreSQL. Knows nothing of HTTP.
"""
