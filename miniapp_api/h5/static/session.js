// Scripts whose session ran out renew it as a page does: then they ask again, once.
(function () {
  "use strict";
  window.jiabanAsk = function (address, options) {
    options.credentials = "same-origin";
    return fetch(address, options).then(function (answer) {
      if (answer.status !== 401) { return answer; }
      var renew = "/h5/v1/session/renew?return_to=/h5/";
      return fetch(renew, { credentials: "same-origin", redirect: "manual" }).then(function () {
        return fetch(address, options);
      });
    });
  };
})();
