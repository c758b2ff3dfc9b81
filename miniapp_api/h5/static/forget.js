// Nobody is signed in here: what is scanned without network belongs to nobody from now on. What waits stays its officer's.
(function () {
  "use strict";
  if (window.indexedDB) { jiabanStore.remove("known", "mine").catch(function () {}); }
})();
