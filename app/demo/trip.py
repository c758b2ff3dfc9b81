"""One citizen's trip over real HTTP: what a phone, the existing system and a member of staff would do.

Each step proves what it says and raises TripError where it does not hold. A request that finds nobody, because a
process is being started again, is sent again with the same Idempotency-Key.
"""

import base64
import io
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import deqr
import httpx
from PIL import Image

from app.demo.follower import ask_account
from app.demo.photo import photograph
from app.kit.tls import public_tls
from app.notifications.definitions import city_messages, definitions

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_UNAVAILABLE = {500, 502, 503}


class TripError(Exception):
    """A step did not hold; the sentence says which claim."""


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who makes the trip. The defaults are the demonstration's citizen; the number is the one GB 11643 prints."""

    login_code: str = "login-demo"
    phone_code: str = "phone-13800000000"
    name: str = "李桂兰"
    id_number: str = "11010519491231002X"
    remark: str = "请补正；乱序"

    @property
    def openid(self) -> str:
        """How the stand-in of WeChat calls this person."""
        return "o-" + self.login_code.removeprefix("login-")


@dataclass(slots=True)
class Notes:
    """What the trip learned on its way."""

    token: str = ""
    staff_token: str = ""
    item: dict[str, Any] = field(default_factory=dict)
    application_id: str = ""
    case_no: str = ""
    licence: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    spent_code: str = ""
    scans_told: int = 0


_SCANS = 2
"""One that was good, one of the same code once more."""


def _require(claim: bool, sentence: str) -> None:  # it is the claim
    if not claim:
        raise TripError(sentence)


def _template(kind: str) -> str:
    """The id of the template by which WeChat tells a kind of message."""
    outlet = definitions()[kind].mini_program
    return city_messages().templates[outlet.template].id if outlet else ""


class Trip:
    """The steps, in order. ``steps()`` names them; each is run by ``run``."""

    def __init__(
        self, web_url: str, sandbox_url: str, traveller: Traveller | None = None, *, all_sent: bool = True
    ) -> None:
        """``all_sent`` says that no send to WeChat was cut off, so that every message must have arrived there."""
        self.traveller = traveller or Traveller()
        self._all_sent = all_sent
        self.notes = Notes()
        self._web = httpx.Client(base_url=web_url, timeout=20, verify=public_tls(), trust_env=False)
        self._sandbox = httpx.Client(base_url=sandbox_url, timeout=20, verify=public_tls(), trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._web.close()
        self._sandbox.close()

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Every step: its title, and what does it and says what was seen."""
        return [
            ("微信登录", self._sign_in),
            ("绑定手机号", self._bind_phone),
            ("实名认证", self._verify_real_name),
            ("查找“食品经营”，阅读办事指南", self._find_item),
            ("填写申请（身份信息自动带出）", self._draft),
            ("上传经营场所照片", self._upload),
            ("提交两次，只有一个办件编号", self._submit_twice),
            ("办件送达审批系统", self._reach_approvals),
            ("按要求补正", self._supplement),
            ("受理、审批通过（回调重复且乱序）", self._approved),
            ("签发电子证照", self._licence_issued),
            ("证照卡面", self._card),
            ("出示亮证码，独立解码", self._present),
            ("工作人员登录核验", self._verify),
            ("同一亮证码再次核验被拒", self._verify_again),
            ("本人看到两次核验", self._see_verifications),
            ("微信消息与站内消息", self._messages),
            ("证照被撤销，再出示即被拒", self._revoked),
            ("在公众号里问“进度”", self._ask_account),
        ]

    # Requests

    def _send(self, client: httpx.Client, method: str, path: str, *expected: int, **options: Any) -> httpx.Response:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                response = client.request(method, path, **options)
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code not in _UNAVAILABLE:
                break
            if time.monotonic() > until:
                raise TripError(f"{method} {path}: nobody answered for {_PATIENCE_SECONDS:.0f} seconds")
            time.sleep(_PAUSE_SECONDS)
        if response.status_code not in (expected or (200,)):
            detail = response.json().get("code") if "json" in response.headers.get("content-type", "") else ""
            raise TripError(f"{method} {path} answered {response.status_code} {detail}")
        return response

    def _citizen(self, method: str, path: str, *expected: int, key: str = "", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.notes.token}", **({"Idempotency-Key": key} if key else {})}
        response = self._send(self._web, method, f"/api/v1{path}", *expected, headers=headers, **options)
        return response.json() if "json" in response.headers["content-type"] else response.content

    def _staff(self, path: str, body: dict[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {self.notes.staff_token}", "Idempotency-Key": uuid.uuid4().hex}
        return self._send(self._web, "POST", f"/staff/v1{path}", 200, headers=headers, json=body).json()

    def _await(self, what: str, look: Callable[[], Any]) -> Any:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (found := look()):
            if time.monotonic() > until:
                raise TripError(f"{what}: not within {_PATIENCE_SECONDS:.0f} seconds")
            time.sleep(_PAUSE_SECONDS)
        return found

    def _application(self) -> Any:
        return self._citizen("GET", f"/applications/{self.notes.application_id}")

    def _case_there(self) -> Any:
        cases = self._send(self._sandbox, "GET", "/control/approvals").json()["items"]
        return [case for case in cases if case["case_no"] == self.notes.case_no]

    # The steps

    def _sign_in(self) -> str:
        answer = self._send(self._web, "POST", "/api/v1/sessions", 201, json={"code": self.traveller.login_code}).json()
        self.notes.token = answer["access_token"]
        # Otherwise what is no legal message waits for the morning.
        wishes: dict[str, Any] = {"muted_groups": [], "muted_channels": [], "quiet": None}
        self._citizen("PUT", "/message-preferences", json=wishes)
        # The consent is for one message: one about a scan of the trip before may still wait for it.
        self.notes.scans_told = self._scans_told()
        found = self._citizen("GET", "/subscriptions")["items"]
        templates = [entry["template_id"] for entry in found if entry["kind"] == "one_time"]
        for start in range(0, len(templates), 3):
            some = templates[start : start + 3]
            results = dict.fromkeys(some, "accept")
            self._citizen("POST", "/subscriptions", json={"template_ids": some, "results": results})
        return f"令牌有效 {answer['expires_in']} 秒，已同意 {len(templates)} 种订阅消息"

    def _bind_phone(self) -> str:
        citizen = self._citizen("POST", "/identity/phone", json={"code": self.traveller.phone_code})
        _require("****" in citizen["phone"], "the phone number is masked")
        return str(citizen["phone"])

    def _verify_real_name(self) -> str:
        body = {"name": self.traveller.name, "id_number": self.traveller.id_number}
        citizen = self._citizen("POST", "/identity/real-name", json=body)
        _require(citizen["level"] >= 2, "the assurance level is 2")  # noqa: PLR2004  # name and number
        _require(self.traveller.id_number not in str(citizen), "the identity number is masked")
        return f"{citizen['name']} {citizen['id_number']}，等级 {citizen['level']}"

    def _find_item(self) -> str:
        found = self._citizen("GET", "/items", params={"q": "食品经营"})["items"]
        _require(bool(found), "the catalogue knows 食品经营")
        self.notes.item = self._citizen("GET", f"/items/{found[0]['item_code']}")
        item = self.notes.item
        return f"{item['name']}，承诺 {item['promised_days']} 个工作日，材料 {len(item['materials'])} 项"

    def _draft(self) -> str:
        draft = self._citizen("POST", "/applications", 201, json={"item_code": self.notes.item["item_code"]})
        self.notes.application_id = draft["id"]
        prefilled = len(draft["form"])
        _require(draft["form"].get("applicant_name") == self.traveller.name, "the name is prefilled from identity")
        path = f"/applications/{draft['id']}"
        seen = {"revision": draft["revision"]}
        refused = self._citizen("PATCH", path, 422, json={**seen, "form": {"applicant_phone": "12"}})
        _require(refused["context"]["fields"][0]["field"] == "applicant_phone", "the error names its field")
        form = {**self.notes.item["form_example"], "remark": self.traveller.remark}
        saved = self._citizen("PATCH", path, json={**seen, "form": form})
        _require(saved["missing"] == [], "nothing is missing")
        told = self._citizen("PATCH", path, 409, json={**seen, "form": {"remark": "另一台手机"}})
        _require(told["code"] == "draft_outdated", "a phone that has not seen the draft writes nothing over")
        return f"自动带出 {prefilled} 项，共 {len(saved['form'])} 项"

    def _upload(self) -> str:
        photo = photograph()
        _require(b"Exif" in photo, "the photograph carries EXIF")
        material = next(entry for entry in self.notes.item["materials"] if entry["required"])
        taken = self._upload_photo(material["id"], photo)
        self._await("the photograph is scanned", lambda: self._application()["materials"][0]["scan"] != "pending")
        kept = self._citizen("GET", f"/applications/{self.notes.application_id}/materials/{taken['id']}")
        with Image.open(io.BytesIO(kept)) as picture:
            _require(not picture.getexif() and b"Exif" not in kept, "EXIF is gone")
        return f"{taken['width']}×{taken['height']}，{taken['size'] // 1024} KB，拍摄位置等信息已清除"

    def _upload_photo(self, material_id: str, photo: bytes) -> Any:
        return self._citizen(
            "POST",
            f"/applications/{self.notes.application_id}/materials",
            201,
            data={"material_id": material_id},
            files={"file": ("photo.jpg", photo, "image/jpeg")},
        )

    def _submit_twice(self) -> str:
        path, key = f"/applications/{self.notes.application_id}/submission", uuid.uuid4().hex
        first = self._citizen("POST", path, 202, key=key)
        second = self._citizen("POST", path, 202, key=key)
        _require(first["case_no"] == second["case_no"], "two submissions are one case")
        self.notes.case_no = first["case_no"]
        return str(first["case_no"])

    def _reach_approvals(self) -> str:
        def verified() -> Any:
            cases = self._case_there()
            return cases if cases and all(entry["verified"] for entry in cases[0]["materials"]) else None

        cases = self._await("the case and its photograph reach the approval system", verified)
        _require(len(cases) == 1, "one case there")
        self._await("the approval system's receipt", lambda: self._application()["state"] != "submitted")
        return f"材料 {len(cases[0]['materials'])} 份已按摘要核对"

    def _supplement(self) -> str:
        asked = self._await(
            "a supplement is asked for",
            lambda: (found := self._application())["state"] == "supplement_requested" and found,
        )
        material = next(entry for entry in self.notes.item["materials"] if entry["required"])
        self._upload_photo(material["id"], photograph())
        body = {"note": "已补充清晰照片", "form": {"remark": "已补充；乱序"}}
        self._citizen(
            "POST", f"/applications/{self.notes.application_id}/supplements", 202, key=uuid.uuid4().hex, json=body
        )
        return str(asked["supplement_note"] or "")[:30]

    def _approved(self) -> str:
        case = self._await("approval", lambda: (found := self._application())["state"] == "completed" and found)
        kinds = [entry["kind"] for entry in case["timeline"]]
        _require(kinds.index("accepted") < kinds.index("approved"), "accepted stands before approved")
        _require(kinds.count("received") == 1, "a repeated event counts once")

        def settled() -> Any:
            there = self._case_there()[0]
            return there if all(event["delivered"] for event in there["events"]) else None

        there = self._await("every event is delivered", settled)
        _require(sum(event["pushes"] for event in there["events"]) > len(there["events"]), "an event came twice")
        return " → ".join(entry["state_name"] for entry in case["timeline"])

    def _licence_issued(self) -> str:
        licences = self._citizen("GET", "/licences")["items"]
        of_case = [licence for licence in licences if licence["case_no"] == self.notes.case_no]
        _require(len(of_case) == 1, "one licence of this case")
        self.notes.licence = self._citizen("GET", f"/licences/{of_case[0]['id']}")
        return str(self.notes.licence["identifier"])

    def _card(self) -> str:
        picture = self._citizen("GET", f"/licences/{self.notes.licence['id']}/card.png")
        with Image.open(io.BytesIO(picture)) as card:
            return f"PNG {card.width}×{card.height}，{len(picture) // 1024} KB"

    def _new_code(self) -> str:
        path = f"/licences/{self.notes.licence['id']}/presentations"
        answer = self._citizen("POST", path, 201, json={"preset": "card"})
        picture = base64.b64decode(answer["qr"].partition(",")[2])
        with Image.open(io.BytesIO(picture)) as image:
            symbols = deqr.QRdecDecoder().decode(image.convert("L"))
        decoded = ["".join(entry.data for entry in symbol.data_entries) for symbol in symbols]
        _require(decoded == [answer["code"]], "an independent decoder reads the code")
        opened = self._send(self._web, "GET", httpx.URL(answer["url"]).path)
        _require(self.traveller.name not in opened.text, "whoever opens the code sees a masked name")
        return str(answer["code"])

    def _present(self) -> str:
        self.notes.code = self._new_code()
        return f"{len(self.notes.code)} 个字符，打开网页不消耗"

    def _verify(self) -> str:
        body = {"username": "verifier", "password": "verifier-demo"}
        self.notes.staff_token = self._send(self._web, "POST", "/staff/v1/sessions", 201, json=body).json()[
            "access_token"
        ]
        if self._is_over(self.notes.code):
            self.notes.code = self._new_code()
        answer = self._staff("/verifications", {"code": self.notes.code})
        _require(answer["verdict"] == "valid", f"the code is valid, not {answer['reason']}")
        names = [entry["name"] for entry in answer["licence"]["fields"]]
        _require("holder_id_number" not in names, "the duty does not show the identity number")
        self.notes.spent_code = self.notes.code
        return f"有效，可见字段 {len(names)} 个"

    def _is_over(self, code: str) -> bool:
        """A code lives a minute, which a restart in between may outlast."""
        page = self._send(self._web, "GET", httpx.URL(code.replace("HTTP://", "http://")).path).text
        return "已过期" in page

    def _verify_again(self) -> str:
        answer = self._staff("/verifications", {"code": self.notes.spent_code})
        _require((answer["verdict"], answer["reason"]) == ("refused", "replayed"), "a spent code is refused")
        return str(answer["message"])

    def _see_verifications(self) -> str:
        seen = self._citizen("GET", f"/licences/{self.notes.licence['id']}/verifications")["items"]
        _require([entry["reason"] for entry in seen[:2]] == ["replayed", "valid"], "the citizen sees both scans")
        return "；".join(entry["message"] for entry in seen[:2])

    def _messages(self) -> str:
        links = {f"/applications/{self.notes.application_id}", f"/licences/{self.notes.licence['id']}"}
        links.add(f"/licences/{self.notes.licence['id']}/verifications")

        def told_of_scans() -> Any:
            found = [entry for entry in self._citizen("GET", "/messages")["items"] if entry["link"] in links]
            return found if sum(entry["kind"] == "licence_scanned" for entry in found) >= _SCANS else None

        inbox = self._await("both scans in the inbox", told_of_scans)
        kinds = [entry["kind"] for entry in inbox]
        for kind in ("submitted", "supplement_requested", "approved"):
            _require(kinds.count(kind) == 1, f"{kind} stands once in the inbox")
        _require(kinds.count("licence_scanned") == _SCANS, "each scan stands once in the inbox")
        tail = self.notes.case_no[-12:]

        expected = {_template(kind) for kind in ("submitted", "supplement_requested", "approved")}

        def sent() -> Any:
            of_case = [entry["template_id"] for entry in self._at_wechat() if tail in str(entry["data"])]
            told = self._scans_told() - self.notes.scans_told
            arrived = expected <= set(of_case) and told == 1
            return (of_case, told) if arrived or not self._all_sent else None

        of_case, told = self._await("WeChat's messages", sent)
        _require(len(of_case) == len(set(of_case)) and told <= 1, "no message came twice at WeChat")
        return f"站内 {len(inbox)} 条，微信已收到 {len(of_case) + told} 条"

    def _at_wechat(self) -> list[dict[str, Any]]:
        options = {"params": {"openid": self.traveller.openid}}
        items: list[dict[str, Any]] = self._send(self._sandbox, "GET", "/control/messages", **options).json()["items"]
        return items

    def _scans_told(self) -> int:
        return sum(entry["template_id"] == _template("licence_scanned") for entry in self._at_wechat())

    def _revoked(self) -> str:
        path = f"/control/approvals/{self.notes.case_no}"
        self._send(self._sandbox, "POST", path, 200, 409, json={"action": "revoke", "note": "经查提供虚假材料"})
        licence = f"/licences/{self.notes.licence['id']}"
        self._await("the revocation", lambda: self._citizen("GET", licence)["state"] == "revoked")
        answer = self._staff("/verifications", {"code": self._new_code()})
        _require((answer["verdict"], answer["reason"]) == ("refused", "revoked"), "a revoked licence is refused")
        return f"{answer['message']}：{answer['licence']['state_reason']}"

    def _ask_account(self) -> str:
        login = self.traveller.login_code.removeprefix("login-")

        def asked() -> str | None:
            said = ask_account(self._web, self._sandbox, login, "进度")
            return said if said and self.notes.case_no[-6:] in said else None

        said = str(self._await("the official account tells the case", asked))
        return next(line for line in said.splitlines() if self.notes.case_no[-6:] in line)
