// Verifies by what the phone knows, says how old that is, and keeps each scan until it can be handed in.
(function () {
  "use strict";
  var form = document.getElementById("verify"), texts = document.getElementById("texts");
  var verdict = document.getElementById("verdict"), begin = document.getElementById("begin");
  var CLOCK_OFF_SECONDS = 60, MINUTE = 60, HOUR = 3600;
  var known = null;

  function seconds() { return Date.now() / 1000; }
  function text(name) { return texts.querySelector("[data-text=" + name + "]"); }
  function age(since) {
    var passed = Math.max(0, seconds() - since), unit = passed < HOUR ? "minutes" : "hours";
    return text(unit).textContent.replace("{}", Math.floor(passed / (unit === "hours" ? HOUR : MINUTE)));
  }
  function show(id, shown) { document.getElementById(id).hidden = !shown; }

  function load() {
    return Promise.all([jiabanStore.get("known", "mine"), jiabanStore.get("known", "keys"), jiabanStore.get("known", "lists"),
      jiabanStore.all("scans"), jiabanStore.all("seen")]).then(function (found) {
      known = found[0] && found[1] ? { mine: found[0], keys: found[1], lists: found[2] || [] } : null;
      found[4].forEach(function (one) { if (one.until < seconds()) { jiabanStore.remove("seen", one.id); } });
      show("unprepared", !known);
      show("verify", !!known);
      show("waiting-scans", found[3].length > 0);
      document.getElementById("waiting-count").textContent = found[3].length;
      if (!known) { return; }
      show("clock", Math.abs(known.mine.ahead) > CLOCK_OFF_SECONDS);
      document.getElementById("keys-age").textContent = age(known.keys.at);
      var made = known.lists.map(function (list) { return list.made; });
      document.getElementById("lists-age").textContent = made.length ? age(Math.min.apply(null, made)) : "–";
    });
  }

  function line(list, name, value) {
    var term = document.createElement("dt"), said = document.createElement("bdi");
    term.textContent = text(name).textContent;
    said.textContent = value;
    list.appendChild(term);
    list.appendChild(document.createElement("dd")).appendChild(said);
  }
  function tell(word, sentence, code, reason) {
    verdict.textContent = "";
    verdict.appendChild(texts.querySelector("[data-verdict=" + word + "]").cloneNode(true));
    verdict.appendChild(sentence.cloneNode(true));
    if (reason) {
      var named = document.createElement("p");
      named.className = "soft";
      named.textContent = text("reason").textContent + " " + reason;
      verdict.appendChild(named);
    }
    if (code && word !== "refused") {
      var facts = document.createElement("dl");
      facts.className = "facts card";
      if (code.type !== null) { line(facts, "licence", known.mine.types[code.type]); }
      line(facts, "holder", code.holder);
      if (code.preset === jiabanCodes.AGE_60) { line(facts, "over_60", text("yes").textContent); }
      if (code.type !== null) {
        line(facts, "until", code.until === null ? text("endless").textContent :
          new Date(code.until * 86400000).toLocaleDateString(document.documentElement.lang,
            { timeZone: "UTC", year: "numeric", month: "long", day: "numeric" }));
      }
      verdict.appendChild(facts);
    }
    verdict.hidden = false;
    verdict.focus();
    verdict.scrollIntoView({ block: "start" });
    if (navigator.vibrate) { navigator.vibrate(200); }
  }
  function newId() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    var hex = Array.prototype.map.call(bytes, function (byte) { return (256 + byte).toString(16).slice(1); }).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
  function keep(code, found, word) {
    var now = seconds(), id = newId();
    var fetched = known.lists.filter(function (list) { return list.number === code.list; })[0];
    var sent = {
      id: id, code: code.token, scanned_at: new Date().toISOString(), said: found.reason,
      keys_age_seconds: Math.max(0, Math.floor(now - known.keys.at)),
      status_age_seconds: fetched ? Math.max(0, Math.floor(now - fetched.at)) : null
    };
    var shown = { id: code.id, until: code.expires + jiabanCodes.SKEW_SECONDS };
    return Promise.all([
      jiabanStore.put("scans", id, { staff: known.mine.staff, verdict: word, sent: sent }),
      word === "refused" ? null : jiabanStore.put("seen", code.id, shown)
    ]);
  }
  function verify(scanned) {
    var read = jiabanCodes.read(scanned);
    if (!read) { tell("refused", text("malformed"), null, "malformed"); return; }
    if (read.digits) { tell("unknown", text("digits")); return; }
    var code = read.code, lists = {};
    known.lists.forEach(function (list) { lists[list.number] = list; });
    jiabanStore.get("seen", code.id).then(function (seen) {
      var all = { keys: known.keys, lists: lists, types: known.mine.types, seen: !!seen };
      return jiabanCodes.judge(code, all, seconds());
    }).then(function (found) {
      var said = text(found.reason || found.why);
      var word = found.reason ? said.dataset.of : "unknown";
      // A verdict that could not be kept is none: nobody would ever hear of the scan.
      return keep(code, found, word).then(function () {
        tell(word, said, found.why === "status_old" || found.reason ? code : null, found.reason || found.why);
        return load();
      });
    }).catch(function () { tell("unknown", text("broken")); });
  }

  form.addEventListener("submit", function (event) {
    var typed = document.getElementById("code"), photo = document.getElementById("photo");
    event.preventDefault();
    if (typed.value.trim()) { verify(typed.value); } else if (photo.files.length) {
      jiabanScanner.readFile(photo.files[0]).then(function (found) {
        if (found) { verify(found); } else { tell("unknown", text("unread")); }
      }).catch(function () { tell("unknown", text("unread")); });
    }
    form.reset();
  });
  show("camera", jiabanScanner.hasCamera());
  begin.addEventListener("click", function () {
    begin.hidden = true;
    verdict.hidden = true;
    show("no-camera", false);
    jiabanScanner.watch(document.getElementById("picture")).then(verify).catch(function () { show("no-camera", true); })
      .then(function () { begin.hidden = false; });
  });
  function tellNetwork() { show("online-again", navigator.onLine !== false); }
  window.addEventListener("online", tellNetwork);
  window.addEventListener("offline", tellNetwork);
  tellNetwork();

  load().then(function () {
    // What could not be sent, and that alone: a code whose answer came would be verified twice.
    var unsent = location.hash === "#unsent" && sessionStorage.getItem("jiaban-unsent");
    sessionStorage.removeItem("jiaban-unsent");
    if (location.hash) { history.replaceState(null, "", location.pathname); }
    if (unsent && known) { verify(unsent); }
    setInterval(load, MINUTE * 1000);
  }).catch(function () { show("unprepared", true); });
})();
