// Whoever is here has sent the forms of the case, or left them: what the tab kept of them is forgotten.
(function () {
  "use strict";
  try {
    var mine = "form:" + location.pathname.split("/").slice(0, 4).join("/") + "/";
    Object.keys(sessionStorage).forEach(function (key) {
      if (key.indexOf(mine) === 0) { sessionStorage.removeItem(key); }
    });
  } catch (refused) { return; }
})();
