// What every page may use, and none needs: it stays readable where this does not run. Written for old engines.
(function () {
  "use strict";
  var offline = document.getElementById("offline");
  function tellNetwork() { if (offline) { offline.hidden = navigator.onLine !== false; } }
  window.addEventListener("online", tellNetwork);
  window.addEventListener("offline", tellNetwork);
  tellNetwork();

  // Whoever signed out leaves nothing behind of what they typed, in no tab.
  function forget() { try { sessionStorage.clear(); } catch (refused) { return; } }
  if (location.hash === "#left") {
    forget();
    try { localStorage.setItem("jiaban-left", String(Date.now())); } catch (refused) { /* this tab alone, then */ }
    history.replaceState(null, "", location.pathname + location.search);
  }
  window.addEventListener("storage", function (event) { if (event.key === "jiaban-left") { forget(); } });

  // Read aloud, in elder mode, where the phone has a voice.
  var reader = document.getElementById("read-aloud");
  if (reader && window.speechSynthesis && window.SpeechSynthesisUtterance) {
    reader.hidden = false;
    reader.addEventListener("click", function () {
      if (window.speechSynthesis.speaking) { window.speechSynthesis.cancel(); return; }
      var spoken = new SpeechSynthesisUtterance(document.getElementById("main").innerText);
      spoken.lang = document.documentElement.lang;
      spoken.rate = 0.9;
      window.speechSynthesis.speak(spoken);
    });
  }

  // A form is sent once, however often somebody taps. A page that comes back from the history may send again.
  var sent = [];
  document.addEventListener("submit", function (event) {
    if (sent.indexOf(event.target) >= 0) { event.preventDefault(); return; }
    sent.push(event.target);
  });
  window.addEventListener("pageshow", function () { sent = []; });
})();
