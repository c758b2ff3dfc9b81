"""Stand-ins for WeChat, the real-name authority and the existing approval system: one process, real HTTP, loopback."""
