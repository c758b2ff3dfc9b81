"""Who follows the city's WeChat apps, whether they have an account here or not."""
