"""What scanned codes open in any browser: a code that is shown, a receipt, a printed licence, in both languages."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext

from app.demo.plan import Plan
from app.kit.tls import public_tls
from tests.api.conftest import Holder, submit_held
from tests.api.test_api_licence_files import code_on
from tests.api.test_api_receipts import text_and_code
from tests.browser.looks import choose, look_at
from tests.conftest import Phone

Contexts = Callable[..., BrowserContext]
_CHINESE = """[...document.querySelectorAll("h1, .verdict, dt, dd, main p")]
  .filter(one => !one.closest("[lang=zh-CN]") && one.offsetParent)
  .map(one => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll("[lang=zh-CN]").forEach(marked => marked.remove());
    return copy.textContent.replace(/[(].*[)]/, "");
  }).filter(text => /[\\u4e00-\\u9fff]/.test(text))"""


@pytest.fixture(scope="module")
def holder(plan: Plan) -> Holder:
    """A citizen with a licence."""
    return Holder(plan)


@pytest.fixture
def codes(plan: Plan, holder: Holder, phone: Phone) -> dict[str, str]:
    """The path of a page of each kind."""
    with httpx.Client(
        base_url=plan.web_url, headers=holder.headers, timeout=60, verify=public_tls(), trust_env=False
    ) as http:
        shown = http.post(f"{holder.path}/presentations", json={"preset": "card"}).json()["code"]
        printed = code_on(http.get(f"{holder.path}/licence.pdf").content)
    receipt = text_and_code(phone.http.get(f"{submit_held(phone)[0]}/receipt"))[1]
    return {"code": urlsplit(shown).path, "printed": urlsplit(printed).path, "receipt": urlsplit(receipt).path}


def test_pages_of_codes_keep_the_rules_and_speak_english(contexts: Contexts, plan: Plan, codes: dict[str, str]) -> None:
    """In every mode; in English, what is Chinese is the city's own data and is marked so."""
    context = contexts()
    for name, path in codes.items():
        look_at(context, path, f"public-{name}", plan.web_url)
        choose(context, plan.web_url, "english")
        page = context.new_page()
        page.goto(path)
        assert page.evaluate(_CHINESE) == []
        assert "Genuine" in page.locator(".verdict").inner_text()
        page.get_by_role("button", name="中文").click()
        assert "真实" in page.locator(".verdict").inner_text()
        assert page.url == f"{plan.web_url}{path}"
        page.close()
