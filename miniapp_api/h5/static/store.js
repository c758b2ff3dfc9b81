// What a phone keeps for verifying without network: "known" (keys, status lists, whose phone it is), "scans" that wait to
// be handed in, and "seen", the codes that were shown to it, until they are over. Everything answers a promise.
(function () {
  "use strict";
  var opened = null;
  function open() {
    opened = opened || new Promise(function (done, failed) {
      var request = indexedDB.open("jiaban-offline", 1);
      request.onupgradeneeded = function () {
        ["known", "scans", "seen"].forEach(function (name) { request.result.createObjectStore(name); });
      };
      request.onsuccess = function () { done(request.result); };
      request.onerror = function () { failed(request.error); };
    });
    opened.catch(function () { opened = null; });
    return opened;
  }
  function run(store, mode, ask) {
    return open().then(function (database) {
      return new Promise(function (done, failed) {
        var work = database.transaction(store, mode), request = ask(work.objectStore(store));
        work.oncomplete = function () { done(request.result); };
        work.onerror = work.onabort = function () { failed(work.error); };
      });
    });
  }
  window.jiabanStore = {
    get: function (store, key) { return run(store, "readonly", function (rows) { return rows.get(key); }); },
    all: function (store) { return run(store, "readonly", function (rows) { return rows.getAll(); }); },
    put: function (store, key, value) { return run(store, "readwrite", function (rows) { return rows.put(value, key); }); },
    remove: function (store, key) { return run(store, "readwrite", function (rows) { return rows["delete"](key); }); }
  };
})();
