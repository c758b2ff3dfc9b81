// A review: the reasons of the level that was chosen are shown, the others neither shown nor sent. Written for old engines.
(function () {
  "use strict";
  var levels = document.getElementById("levels");
  var groups = document.querySelectorAll("[data-tone]");
  function choose() {
    var chosen = levels.querySelector("input:checked");
    var tone = chosen ? (Number(chosen.value) >= 3 ? "good" : "bad") : "";
    Array.prototype.forEach.call(groups, function (group) {
      group.hidden = group.disabled = group.getAttribute("data-tone") !== tone;
    });
  }
  levels.addEventListener("change", choose);
  window.addEventListener("pageshow", choose);
  choose();
})();
