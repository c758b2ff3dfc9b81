// Suggestions beneath the search field, as one types. Without this the form searches all the same.
(function () {
  "use strict";
  var field = document.querySelector("[data-suggest]");
  if (!field || !window.fetch) { return; }
  var place = document.getElementById(field.getAttribute("data-suggest"));
  var waiting = 0, asked = "";

  function show(items) {
    place.textContent = "";
    if (!items.length) { return; }
    var list = document.createElement("ul");
    list.className = "rows";
    list.lang = "zh-CN";
    items.forEach(function (item) {
      var link = document.createElement("a"), row = document.createElement("li"), name = document.createElement("strong");
      link.className = "row";
      link.href = "/h5/items/" + encodeURIComponent(item.item_code);
      name.textContent = item.text;
      link.appendChild(name);
      row.appendChild(link);
      list.appendChild(row);
    });
    place.appendChild(list);
  }

  function ask() {
    var text = field.value.trim();
    if (text === asked) { return; }
    asked = text;
    if (!text) { show([]); return; }
    fetch("/api/v1/items/suggestions?q=" + encodeURIComponent(text), { credentials: "omit" })
      .then(function (answer) { return answer.ok ? answer.json() : { items: [] }; })
      .then(function (found) { if (text === asked) { show(found.items.slice(0, 6)); } })
      .catch(function () { show([]); });
  }

  field.addEventListener("input", function () {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 200);
  });
})();
