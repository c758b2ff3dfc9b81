// An officer waits for the holder's answer: the page is opened anew as soon as there is one.
(function () {
  "use strict";
  var PAUSE_MS = 2000;
  function ask() {
    if (document.hidden) { setTimeout(ask, PAUSE_MS); return; }
    var request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.timeout = 8000;
    request.onload = function () {
      if (request.status === 200 && request.responseText.indexOf('data-standing="pending"') < 0) { location.reload(); }
      else { setTimeout(ask, PAUSE_MS); }
    };
    request.onerror = request.ontimeout = function () { setTimeout(ask, PAUSE_MS); };
    request.send();
  }
  setTimeout(ask, PAUSE_MS);
})();
