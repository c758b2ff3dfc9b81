// What is typed stays in this tab until the server has it: a session may have ended before the form was sent.
(function () {
  "use strict";
  var store;
  try { store = window.sessionStorage; } catch (refused) { return; }
  var done = document.querySelector("[data-sent]"), form = document.querySelector("form[data-typed]");
  if (done) { store.removeItem("typed:" + done.dataset.sent); }
  if (!form) { return; }
  var name = "typed:" + form.dataset.typed;
  var fields = form.querySelectorAll("textarea, input[type=radio], input[type=checkbox]");

  function each(act) { Array.prototype.forEach.call(fields, act); }
  function keep() {
    var typed = [];
    each(function (one) { typed.push(one.type === "textarea" ? one.value : one.checked); });
    try { store.setItem(name, JSON.stringify(typed)); } catch (full) { return; }
  }
  var typed = JSON.parse(store.getItem(name) || "null");
  var blank = Array.prototype.every.call(fields, function (one) { return one.type !== "textarea" || !one.value; });
  if (blank && typed && typed.length === fields.length) {
    each(function (one, index) {
      if (one.type === "textarea") { one.value = typed[index]; } else { one.checked = typed[index]; }
    });
  }
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
})();
