// The nearest halls: where somebody is leaves the phone only when they tap, and only as exactly as a kilometre.
(function () {
  "use strict";
  var form = document.getElementById("near"), button = document.getElementById("ask-position");
  var failed = document.getElementById("no-position");
  if (!form || !navigator.geolocation) { return; }
  form.hidden = false;
  function rounded(degrees) { return degrees.toFixed(2); }

  button.addEventListener("click", function () {
    button.disabled = true;
    failed.hidden = true;
    navigator.geolocation.getCurrentPosition(function (found) {
      form.elements.longitude.value = rounded(found.coords.longitude);
      form.elements.latitude.value = rounded(found.coords.latitude);
      button.disabled = false;
      form.submit();
    }, function () {
      button.disabled = false;
      failed.hidden = false;
    }, { enableHighAccuracy: false, timeout: 10000, maximumAge: 600000 });
  });
})();
