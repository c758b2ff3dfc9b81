// A copy of one's data is being made: how far it is, until it is there. Written for old engines.
(function () {
  "use strict";
  var PAUSE_MS = 1500;
  var bar = document.getElementById("progress");
  if (!bar) { return; }
  function again() { setTimeout(ask, PAUSE_MS); }
  function ask() {
    if (document.hidden) { again(); return; }
    var request = new XMLHttpRequest();
    request.open("GET", bar.dataset.path);
    request.timeout = 8000;
    request.onload = function () {
      if (request.status !== 200) { again(); return; }
      var found = JSON.parse(request.responseText);
      if (found.state === "ready") { location.reload(); return; }
      if (found.total) { bar.max = found.total; bar.value = found.done; }
      again();
    };
    request.onerror = request.ontimeout = again;
    request.send();
  }
  again();
})();
