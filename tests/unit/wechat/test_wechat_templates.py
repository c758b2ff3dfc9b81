"""Every value of a template field is within its kind's limits, or is refused."""

import contextlib
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wechat.templates import fit

LIMITS = {
    "thing": r".{1,20}",
    "character_string": r"[!-~]{1,32}",
    "number": r"[0-9]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^0-9A-Za-z\u4e00-\u9fff]{1,5}",
    "phrase": r"[\u3400-\u9fff\U00020000-\U000323af]{1,5}",
    "name": r"[\x20-\x7e]{1,20}|.{1,10}",
    "time": r"([0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?[0-9]{1,2}:[0-9]{2}",
    "date": r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日( [0-9]{1,2}:[0-9]{2})?",
    "amount": r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]{1,2})?元?",
    "phone_number": r"[0-9+()\- ]{1,17}",
    "car_number": r"[A-Za-z0-9\u3400-\u9fff]{3,8}",
}
# Values near the limits are rare in arbitrary text.
VALUES = st.one_of(
    st.text(max_size=60),
    st.text("0123456789", max_size=40),
    st.text("0123456789.¥元年月日: +-黑A", max_size=24),
    st.text("不动产（登记）(权)【】[]〔〕，。…A ", max_size=60),
)


@pytest.mark.parametrize("kind", LIMITS)
@given(value=VALUES)
def test_a_value_is_within_the_limits_or_refused(kind: str, value: str) -> None:
    with contextlib.suppress(ValueError):
        fitted = fit(f"{kind}1", value)
        assert re.fullmatch(LIMITS[kind], fitted)
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in fitted)
        assert fit(f"{kind}1", fitted) == fitted


@given(st.text(max_size=200))
@example("（" + "长" * 110 + "）")
def test_any_visible_text_fits_a_thing(value: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
    if all(unicodedata.category(char) in hidden for char in value):
        with pytest.raises(ValueError, match="thing12"):
            fit("thing12", value)
    else:
        assert fit("thing12", value)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("thing1", "居民身份证换领", "居民身份证换领"),
        ("thing1", "一" * 20, "一" * 20),
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing1", " 第一行\r\n第二行\t尾\x00 ", "第一行 第二行 尾"),
        ("thing1", "零\u200b宽\u202e字", "零宽字"),
        ("thing1", "国有建设用地使用权首次登记（以出让方式取得的土地）", "国有建设用地使用权首次登记"),
        ("thing1", "企业（公司）设立登记（含分公司、营业单位、个人独资企业）", "企业（公司）设立登记"),
        ("thing1", "企业（含农民专业合作社）设立变更注销登记备案", "企业设立变更注销登记备案"),
        ("thing1", "甲" * 17 + "（乙）丙丁", "甲" * 17 + "丙丁"),
        ("thing1", "甲" * 18 + "，乙丙丁", "甲" * 18 + "…"),
        ("thing1", "（" + "长" * 30 + "）", "（" + "长" * 18 + "…"),
        ("character_string2", "JMS-2026-000123", "JMS-2026-000123"),
        ("character_string2", "A" * 33, "A" * 29 + "..."),
        ("number3", "0" * 32, "0" * 32),
        ("letter4", "AbC", "AbC"),
        ("symbol5", "！？+", "！？+"),
        ("phrase6", "审核通过", "审核通过"),
        ("name7", "张三", "张三"),
        ("name7", "阿卜杜热合曼·麦麦提吐尔逊", "阿卜杜热合曼·麦麦…"),
        ("name7", "Alexander Hamilton Jr", "Alexander Hamilton…"),
        ("time8", "15:01", "15:01"),
        ("time8", "2019年10月1日 15:01", "2019年10月1日 15:01"),
        ("date9", "2019年10月1日", "2019年10月1日"),
        ("date9", "2019年10月1日 15:01", "2019年10月1日 15:01"),
        ("amount10", "¥66.50元", "¥66.50元"),
        ("amount10", "¥1234567890", "¥1234567890"),
        ("phone_number11", "+86-0454-12345678", "+86-0454-12345678"),
        ("car_number12", "黑D12345", "黑D12345"),
        ("car_number12", "黑AD12345", "黑AD12345"),
    ],
)
def test_a_value_is_shown_so_that_a_reader_can_live_with_it(key: str, value: str, shown: str) -> None:
    assert fit(key, value) == shown


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("thing", "无编号"),
        ("nothing1", "x"),
        ("Thing1", "x"),
        ("thing１", "x"),
        ("thing1", " \n"),
        ("character_string1", "编号"),
        ("number1", "12a"),
        ("number1", "１２"),
        ("number1", "1" * 33),
        ("letter1", "A1"),
        ("letter1", "A" * 33),
        ("symbol1", "A"),
        ("symbol1", "!" * 6),
        ("phrase1", "待补正材料中"),
        ("phrase1", "passed"),
        ("name1", "张3"),
        ("name1", "..."),
        ("time1", "25:00"),
        ("time1", "15:1"),
        ("time1", "2019-10-01 15:01"),
        ("date1", "2019年2月30日"),
        ("date1", "２０１９年10月1日"),
        ("date1", "0000年1月1日"),
        ("amount1", "¥12345678901"),
        ("amount1", "免费"),
        ("phone_number1", "+-+-"),
        ("phone_number1", "1" * 18),
        ("car_number1", "黑·D12345"),
        ("car_number1", "黑AD1234567"),
    ],
)
def test_a_value_that_cannot_fit_is_refused_without_being_repeated(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: ") as refused:
        fit(key, value)
    assert str(refused.value) in {
        f"{key}: the value does not fit the field",
        f"{key}: unknown kind of field",
    }
