// Inside WeChat its own scanner reads codes, once WeChat has accepted this page's signature. Written for old engines.
(function () {
  "use strict";
  if (!window.wx) { return; }
  var request = new XMLHttpRequest();
  request.open("GET", "/h5/staff/wechat-scanner");
  request.onload = function () {
    if (request.status !== 200) { return; }
    var given = JSON.parse(request.responseText);
    wx.ready(function () {
      window.jiabanWeChat = {
        scan: function () {
          return new Promise(function (done, failed) {
            wx.scanQRCode({
              needResult: 1, scanType: ["qrCode"],
              success: function (found) { done(found.resultStr); }, cancel: function () { done(null); }, fail: failed
            });
          });
        }
      };
      document.getElementById("camera").hidden = false;
    });
    wx.config({
      appId: given.app_id, timestamp: given.timestamp, nonceStr: given.nonce, signature: given.signature,
      jsApiList: ["scanQRCode"]
    });
  };
  request.send();
})();
