"""The signed snapshot: container, envelope, statement, trust store; nothing is parsed before it is authentic."""
