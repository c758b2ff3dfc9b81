// A form that is saved as somebody types, asks what an answer leads to, and brings back what a late sending left over.
(function () {
  "use strict";
  var form = document.getElementById("form");
  var kept = document.getElementById("kept");
  if (!form || !window.fetch) { return; }

  function all(selector, within) { return Array.prototype.slice.call((within || form).querySelectorAll(selector)); }
  function inputs(within) { return all("input[name], select[name], textarea[name]", within); }
  function values(name) {
    return inputs().filter(function (one) {
      return one.name === name && !one.disabled && (one.checked || (one.type !== "radio" && one.type !== "checkbox"));
    }).map(function (one) { return one.value; });
  }

  // What is asked only beside a certain answer.
  function met(field) {
    var when = JSON.parse(field.dataset.when);
    return Object.keys(when).every(function (name) {
      var given = values(field.dataset.above + name);
      return when[name].some(function (value) { return given.indexOf(String(value)) >= 0; });
    });
  }
  function ask() {
    all("[data-when]").forEach(function (field) {
      var asked = met(field);
      field.hidden = !asked;
      inputs(field).forEach(function (one) { one.disabled = !asked; });
    });
  }

  // Places: the next level is fetched once one is chosen.
  function choosePlace(select) {
    var next = select.nextElementSibling;
    if (!next || !next.hasAttribute("data-places")) { return; }
    for (var below = next; below; below = below.nextElementSibling) {
      while (below.options.length > 1) { below.remove(1); }
      below.hidden = true;
    }
    if (!select.value) { return; }
    fetch("/api/v1/regions/" + select.value).then(function (answer) { return answer.json(); }).then(function (place) {
      place.children.forEach(function (child) {
        var option = document.createElement("option");
        option.value = child.code;
        option.lang = "zh-CN";
        option.textContent = child.name;
        next.appendChild(option);
      });
      next.hidden = !place.children.length;
    }).catch(function () { say("stuck"); });
  }
  function isHalfway(select) {
    var next = select.nextElementSibling;
    return select.hasAttribute("data-places") && select.value && next && next.hasAttribute("data-places");
  }

  form.addEventListener("change", function (event) {
    ask();
    if (event.target.hasAttribute("data-places")) { choosePlace(event.target); }
    if (!isHalfway(event.target)) { touch(event.target); }
  });
  ask();
  if (!form.hasAttribute("data-keep")) { return; }

  // Saving: one request at a time, with the fields that were touched since the last.
  var PAUSE_MS = 900;
  var RETRY_MS = 8000;
  var touched = {};
  var saving = false;
  var stopped = false;
  var timer = 0;
  var revision = form.querySelector("[name=revision]");

  function say(what) {
    kept.hidden = false;
    kept.textContent = kept.dataset[what];
  }
  function encoded(within) {
    return inputs(within).filter(function (one) {
      return !one.disabled && (one.checked || (one.type !== "radio" && one.type !== "checkbox"));
    }).map(function (one) { return encodeURIComponent(one.name) + "=" + encodeURIComponent(one.value); }).join("&");
  }
  function touch(input) {
    var field = input.closest ? input.closest("[data-field]") : null;
    if (!field || !kept || stopped) { return; }
    touched[field.dataset.field] = field;
    later(PAUSE_MS);
  }
  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  }
  function save() {
    var names = Object.keys(touched);
    if (saving || stopped || !names.length) { return; }
    var fields = names.map(function (name) { return touched[name]; });
    touched = {};
    saving = true;
    say("saving");
    var body = ["revision=" + revision.value].concat(fields.map(encoded)).filter(Boolean).join("&");
    window.jiabanAsk(form.action + "/kept", {
      method: "POST",
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-CSRF-Token": form.querySelector("[name=csrf_token]").value
      },
      body: body
    }).then(function (answer) {
      if (!answer.ok) { throw answer.status; }
      return answer.json();
    }).then(function (told) {
      saving = false;
      if (told.outdated) { stopped = true; say("outdated"); return; }
      revision.value = form.dataset.keep = told.revision;
      fields.forEach(function (field) { tell(field, told.wrong); });
      Object.keys(told.computed).forEach(function (name) {
        var place = document.getElementById("f." + name);
        if (place && told.computed[name]) { place.textContent = told.computed[name]; }
      });
      if (told.wrong.length) { say("partly"); } else { say("saved"); }
      if (Object.keys(touched).length) { later(PAUSE_MS); } else if (!told.wrong.length) { forget(); }
    }).catch(function (status) {
      saving = false;
      fields.forEach(function (field) { touched[field.dataset.field] = touched[field.dataset.field] || field; });
      // No session, or no draft any more: sending the form says which, and loses nothing.
      stopped = status >= 400 && status < 429;
      say(stopped ? "over" : "stuck");
      if (!stopped) { later(RETRY_MS); }
    });
  }
  // Chinese words in a sentence of another language are said to be Chinese.
  function marked(sentence) {
    if (!/[A-Za-z]/.test(sentence)) { return [document.createTextNode(sentence)]; }
    return sentence.split(/([\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+)/).map(function (part, place) {
      if (place % 2 === 0) { return document.createTextNode(part); }
      var span = document.createElement("span");
      span.lang = "zh-CN";
      span.textContent = part;
      return span;
    });
  }
  function tell(field, wrong) {
    var name = field.dataset.field;
    var found = wrong.filter(function (one) { return one.field.split(".")[0] === name; })[0];
    var place = document.getElementById("f." + name + "-wrong");
    var asked = field.querySelector("[aria-describedby]");
    if (!place) { return; }
    place.hidden = !found;
    place.textContent = "";
    if (found) { marked(found.message).forEach(function (part) { place.appendChild(part); }); }
    if (asked && found) { asked.setAttribute("aria-invalid", "true"); }
    if (asked && !found) { asked.removeAttribute("aria-invalid"); }
  }
  form.addEventListener("input", function (event) {
    if (event.target.tagName !== "SELECT") { touch(event.target); }
  });
  window.addEventListener("online", function () { later(PAUSE_MS); });
  document.addEventListener("visibilitychange", function () { if (document.hidden) { save(); } });

  // What is typed is kept in this tab until it is known to be saved: a session may have ended before, or a page between
  // may give a file. What belongs to an older state of the case is not brought back.
  var KEY = "form:" + location.pathname;
  var isTouched = false;
  function typed() {
    return inputs().filter(function (one) { return one.type !== "hidden" && one.type !== "file"; });
  }
  function isTicked(one) { return one.type === "radio" || one.type === "checkbox"; }
  function forget() {
    isTouched = false;
    try { sessionStorage.removeItem(KEY); } catch (refused) { return; }
  }
  function remember() {
    if (!isTouched) { return; }
    var fields = typed().map(function (one) { return [one.name, one.value, one.checked]; });
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ mark: form.dataset.keep, fields: fields }));
    } catch (full) { return; }
  }
  form.addEventListener("input", function () { isTouched = true; });
  form.addEventListener("change", function () { isTouched = true; });
  form.addEventListener("submit", function () { stopped = true; remember(); });
  window.addEventListener("pagehide", remember);

  function restore() {
    var left = null;
    try { left = JSON.parse(sessionStorage.getItem(KEY) || "null"); } catch (broken) { left = null; }
    forget();
    if (!left || form.hasAttribute("data-answered") || left.mark !== form.dataset.keep) { return; }
    var present = typed();
    left.fields.forEach(function (one, place) {
      var input = present[place];
      if (!input || input.name !== one[0]) { return; }
      var other = isTicked(input) ? input.value === one[1] && input.checked !== one[2] : input.value !== one[1];
      if (!other) { return; }
      if (isTicked(input)) { input.checked = one[2]; } else { input.value = one[1]; }
      isTouched = true;
      touch(input);
    });
    var note = document.getElementById("restored");
    if (note) { note.hidden = !isTouched; }
    ask();
  }
  restore();
})();
