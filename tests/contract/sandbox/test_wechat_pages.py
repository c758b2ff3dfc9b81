"""The pages of the stand-in's web authorization show what they are given and never become it."""

from hypothesis import example, given
from hypothesis import strategies as st

from app.sandbox.wechat.pages import form_page, refusal_page
from tests.contract.sandbox.pages import Form


@given(value=st.text(alphabet="<>&\"'=/# ab;人"))
@example(value='"><script>a</script>')
@example(value="&lt;&quot;")
def test_nothing_of_an_address_becomes_part_of_the_page(value: str) -> None:
    form = Form(form_page({"state": value, value: "x"}, wrong=False))
    plain = Form(form_page({"state": "s"}, wrong=False))
    assert form.tags == plain.tags
    assert form.fields == {"state": value} | {value: "x"} | {"login": ""}
    assert Form(refusal_page(value)).tags == Form(refusal_page("x")).tags
