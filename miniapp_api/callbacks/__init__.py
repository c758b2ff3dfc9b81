"""What other systems push to us: the approval system and WeChat."""
