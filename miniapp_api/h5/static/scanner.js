// Reads QR codes from the camera and from pictures: by the browser itself where it can, else by a decoder that is
// fetched when the first is looked for. Written for old engines.
(function () {
  "use strict";
  var files = document.currentScript.dataset;
  var PAUSE_MS = 120, MOST_PIXELS_A_SIDE = 1280;
  var reader = null, stream = null;

  function byTheBrowser() {
    if (!window.BarcodeDetector) { return Promise.resolve(null); }
    return BarcodeDetector.getSupportedFormats().then(function (formats) {
      if (formats.indexOf("qr_code") < 0) { return null; }
      var detector = new BarcodeDetector({ formats: ["qr_code"] });
      return function (picture) {
        return detector.detect(picture).then(function (found) { return found.length ? found[0].rawValue : null; });
      };
    }).catch(function () { return null; });
  }
  function load(address) {
    return new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.appendChild(script);
    });
  }
  function byTheDecoder() {
    if (!files.decoder || !window.WebAssembly) { return Promise.reject(new Error("no decoder")); }
    return load(files.decoder).then(function () {
      var overrides = { locateFile: function () { return files.wasm; } };
      return ZXingWASM.prepareZXingModule({ overrides: overrides, fireImmediately: true });
    }).then(function () {
      var canvas = document.createElement("canvas");
      return function (picture) {
        var width = picture.videoWidth || picture.naturalWidth, height = picture.videoHeight || picture.naturalHeight;
        if (!width) { return Promise.resolve(null); }
        var scale = Math.min(1, MOST_PIXELS_A_SIDE / Math.max(width, height));
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        var drawn = canvas.getContext("2d", { willReadFrequently: true });
        drawn.drawImage(picture, 0, 0, canvas.width, canvas.height);
        var pixels = drawn.getImageData(0, 0, canvas.width, canvas.height);
        return ZXingWASM.readBarcodes(pixels, { formats: ["QRCode"], maxNumberOfSymbols: 1 }).then(function (found) {
          return found.length ? found[0].text : null;
        });
      };
    });
  }
  // A function from a picture, or a video that plays, to the promise of the text of its code, null where there is none.
  function ready() {
    reader = reader || byTheBrowser().then(function (own) { return own || byTheDecoder(); });
    reader.catch(function () { reader = null; });
    return reader;
  }

  function stop(video) {
    if (stream) { stream.getTracks().forEach(function (track) { track.stop(); }); }
    stream = null;
    video.hidden = true;
  }
  window.jiabanScanner = {
    hasCamera: function () {
      return !!(navigator.mediaDevices && navigator.mediaDevices.getUserMedia && (window.BarcodeDetector || files.decoder));
    },
    // Looks through the camera until a code is found. Refused where there is no camera, no leave, or no decoder.
    watch: function (video) {
      window.addEventListener("pagehide", function () { stop(video); });
      var wanted = { video: { facingMode: "environment", width: { ideal: 1280 } } };
      return navigator.mediaDevices.getUserMedia(wanted).then(function (given) {
        stream = given;
        video.srcObject = given;
        video.hidden = false;
        return video.play();
      }).then(ready).then(function (read) {
        return new Promise(function (done) {
          (function look() {
            if (!stream) { return; }
            read(video).catch(function () { return null; }).then(function (text) {
              if (!text) { setTimeout(look, PAUSE_MS); return; }
              stop(video);
              done(text);
            });
          })();
        });
      }).catch(function (error) { stop(video); throw error; });
    },
    // The text of the code on a photograph, null where none is found.
    readFile: function (file) {
      return ready().then(function (read) {
        return new Promise(function (done, failed) {
          var picture = new Image(), address = URL.createObjectURL(file);
          picture.onload = function () {
            read(picture).then(done, failed).then(function () { URL.revokeObjectURL(address); });
          };
          picture.onerror = function () { URL.revokeObjectURL(address); done(null); };
          picture.src = address;
        });
      });
    }
  };
})();
