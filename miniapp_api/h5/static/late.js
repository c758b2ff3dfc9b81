// A form came after its session had ended: what was typed is kept in this tab, and comes back after signing in.
(function () {
  "use strict";
  try {
    document.getElementById("kept-here").hidden = !sessionStorage.getItem("form:" + location.pathname);
  } catch (refused) { return; }
})();
