"""The stand-in of WeChat and WeCom: each module says what it speaks, ``house`` puts them together."""
