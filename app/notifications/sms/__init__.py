"""Short messages: Tencent Cloud's protocol, and a twin that writes to the log alone."""
