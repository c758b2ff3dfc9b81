// One button scans: by WeChat's scanner inside WeChat, else by the camera. Typing and photographing are there in any case.
(function () {
  "use strict";
  var form = document.getElementById("verify");
  var begin = document.getElementById("begin");
  document.getElementById("camera").hidden = !jiabanScanner.hasCamera();

  function rest(failed) {
    document.getElementById("no-camera").hidden = !failed;
    begin.hidden = false;
  }
  function send(text) {
    rest(false);
    if (!text) { return; }
    document.getElementById("code").value = text;
    if (form.requestSubmit) { form.requestSubmit(); } else { form.submit(); }
  }
  begin.addEventListener("click", function () {
    rest(false);
    begin.hidden = true;
    var scanned = window.jiabanWeChat ? jiabanWeChat.scan() : jiabanScanner.watch(document.getElementById("picture"));
    scanned.then(send).catch(function () { rest(true); });
  });

  // Where the network is gone, the scanner that needs none takes up what could not be sent (worker.js).
  function keepUnsent(text) {
    try {
      if (text) { sessionStorage.setItem("jiaban-unsent", text); } else { sessionStorage.removeItem("jiaban-unsent"); }
    } catch (error) { return; }
  }
  keepUnsent("");
  form.addEventListener("submit", function () { keepUnsent(document.getElementById("code").value); });
})();
