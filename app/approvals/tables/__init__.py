"""An approval system behind exchange tables (库表交换): rows in a front database that both sides write and read."""
