// A licence is shown: the code counts down, is renewed before its end, and a scan is said at once. Written for old engines.
(function () {
  "use strict";
  var show = document.getElementById("showing");
  var code = document.getElementById("code");
  var digits = document.getElementById("digits");
  var countdown = document.getElementById("countdown");
  var path = show.dataset.path;
  var seen = show.dataset.seen;
  var RENEW_SECONDS = 8, POLL_MS = 1500, SILENT_MS = 3000;
  var endsAt, renewing = false, over = false, lastPoll = 0, lastNews = 0, source = null;

  function now() { return Date.now(); }
  function lasts(seconds) { endsAt = now() + seconds * 1000; }
  function ask(method, address, body, done, failed) {
    var request = new XMLHttpRequest();
    request.open(method, address);
    request.timeout = 8000;
    if (body) {
      request.setRequestHeader("Content-Type", "application/json");
      request.setRequestHeader("X-CSRF-Token", show.dataset.csrf);
    }
    request.onload = function () {
      if (request.status >= 200 && request.status < 300) { done(JSON.parse(request.responseText)); } else { failed(); }
    };
    request.onerror = request.ontimeout = failed;
    request.send(body ? JSON.stringify(body) : null);
  }

  function renew() {
    if (renewing || over || document.hidden) { return; }
    renewing = true;
    ask("POST", path + "/codes", { preset: show.dataset.preset }, function (next) {
      renewing = false;
      var drawn = new DOMParser().parseFromString(next.svg, "image/svg+xml").documentElement;
      code.replaceChild(document.importNode(drawn, true), code.firstElementChild);
      digits.textContent = next.digits;
      lasts(next.seconds);
      stuck(false);
    }, function () { setTimeout(function () { renewing = false; }, 2000); });
  }
  function stuck(is) {
    document.getElementById("stuck").hidden = !is;
    code.classList.toggle("over", is);
  }

  function say(news) {
    document.getElementById("asked").hidden = !news.asked;
    if (!news.scan || news.scan.id === seen) { return; }
    seen = news.scan.id;
    var said = document.getElementById("scan");
    var verdict = document.querySelector("#scan-texts [data-verdict=" + news.scan.verdict + "]").cloneNode(true);
    var where = document.createElement("p"), office = document.createElement("bdi");
    office.lang = "zh-CN";
    office.textContent = news.scan.office;
    where.appendChild(office);
    if (news.scan.verdict === "refused") { where.appendChild(document.createTextNode("： " + news.scan.message)); }
    said.textContent = "";
    said.appendChild(verdict);
    said.appendChild(where);
    said.scrollIntoView({ block: "nearest" });
    if (news.scan.verdict !== "refused") {
      over = true;
      show.hidden = true;
    }
    if (navigator.vibrate) { navigator.vibrate(200); }
  }

  function listen() {
    if (!window.EventSource) { return; }
    source = new EventSource(path + "/events");
    source.onmessage = function (event) { lastNews = now(); say(JSON.parse(event.data)); };
  }
  // Behind the stream: where it is not open, or a proxy on the way keeps it back, the page asks by itself.
  function poll() {
    var open = source && source.readyState === 1 && lastNews;
    if (open || document.hidden || now() - lastPoll < POLL_MS) { return; }
    lastPoll = now();
    ask("GET", path + "/news", null, say, function () {});
  }

  function tick() {
    var left = Math.max(0, Math.round((endsAt - now()) / 1000));
    countdown.textContent = countdown.dataset.text.replace("{}", Math.max(0, left - RENEW_SECONDS));
    if (!over && left <= RENEW_SECONDS) { renew(); }
    if (!over && left === 0) { stuck(true); }
    if (now() - began > SILENT_MS) { poll(); }
  }

  // The screen stays on while the code is shown.
  function stayOn() {
    if (navigator.wakeLock && !document.hidden) { navigator.wakeLock.request("screen").catch(function () {}); }
  }
  document.addEventListener("visibilitychange", function () { stayOn(); tick(); });
  window.addEventListener("pagehide", function () { if (source) { source.close(); source = null; } });

  var began = now();
  lasts(Number(show.dataset.seconds));
  listen();
  stayOn();
  setInterval(tick, 500);
})();
