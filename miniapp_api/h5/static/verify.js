// The camera reads the code where the browser can; typing and photographing are there in any case.
(function () {
  "use strict";
  var form = document.getElementById("verify");
  var video = document.getElementById("picture");
  var begin = document.getElementById("begin");
  var PAUSE_MS = 150;
  var stream = null;
  if (!window.BarcodeDetector || !navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) { return; }
  BarcodeDetector.getSupportedFormats().then(function (formats) {
    if (formats.indexOf("qr_code") >= 0) { document.getElementById("camera").hidden = false; }
  });

  function stop() {
    if (stream) { stream.getTracks().forEach(function (track) { track.stop(); }); }
    stream = null;
    video.hidden = true;
    begin.hidden = false;
  }
  function look(detector) {
    if (!stream) { return; }
    detector.detect(video).then(function (found) {
      if (!found.length) { throw new Error("nothing yet"); }
      document.getElementById("code").value = found[0].rawValue;
      stop();
      if (form.requestSubmit) { form.requestSubmit(); } else { form.submit(); }
    }).catch(function () { setTimeout(function () { look(detector); }, PAUSE_MS); });
  }
  begin.addEventListener("click", function () {
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).then(function (given) {
      stream = given;
      video.srcObject = given;
      video.hidden = false;
      begin.hidden = true;
      return video.play();
    }).then(function () { look(new BarcodeDetector({ formats: ["qr_code"] })); }).catch(function () {
      stop();
      document.getElementById("no-camera").hidden = false;
    });
  });
  window.addEventListener("pagehide", stop);
})();
