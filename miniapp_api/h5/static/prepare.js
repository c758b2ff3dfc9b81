// While there is a network: hands in what was scanned without one, and fetches what verifying without one needs.
(function () {
  "use strict";
  var card = document.getElementById("without-network");
  var KEYS = "/.well-known/licence-keys.json", LISTS = "/.well-known/licence-status", MOST_AT_ONCE = 200;

  function say(state, count) {
    Array.prototype.forEach.call(card.querySelectorAll("[data-state]"), function (one) {
      if (one.dataset.state === state) {
        if (count) { one.textContent = one.dataset.text.replace("{}", count); }
        one.hidden = false;
      }
    });
  }
  function seconds() { return Date.now() / 1000; }
  function ask(address, options) {
    return fetch(address, options).then(function (answer) {
      if (!answer.ok) { throw new Error(address + " answered " + answer.status); }
      return answer;
    });
  }
  function askJson(address, options) { return ask(address, options).then(function (answer) { return answer.json(); }); }

  function handIn(staff) {
    return jiabanStore.all("scans").then(function (scans) {
      var mine = scans.filter(function (scan) { return scan.staff === staff; }), told = 0, changed = 0;
      // In the order in which they were made: of two scans of one code the first spends it.
      mine.sort(function (one, other) { return one.sent.scanned_at < other.sent.scanned_at ? -1 : 1; });
      function next() {
        var some = mine.splice(0, MOST_AT_ONCE);
        if (!some.length) {
          if (told) { say("handed-in", told); }
          if (changed) { say("changed", changed); }
          return null;
        }
        var body = JSON.stringify({ scans: some.map(function (scan) { return scan.sent; }) });
        var headers = { "Content-Type": "application/json", "X-CSRF-Token": card.dataset.csrf };
        return askJson("/h5/staff/offline-verifications", { method: "POST", headers: headers, body: body }).then(function (answer) {
          told += answer.items.length;
          answer.items.forEach(function (item) {
            var said = some.filter(function (scan) { return scan.sent.id === item.id; })[0].verdict;
            if (said !== item.verdict) { changed += 1; }
          });
          if (answer.refused.length) { say("not-taken", answer.refused.length); }
          return Promise.all(answer.items.concat(answer.refused).map(function (item) {
            return jiabanStore.remove("scans", item.id);
          }));
        }).then(next);
      }
      return next();
    });
  }
  function fetchKeys() {
    return askJson(KEYS, { cache: "no-cache" }).then(function (found) {
      var known = { value: found.keys, at: seconds() };
      return jiabanStore.put("known", "keys", known).then(function () { return known; });
    });
  }
  function fetchLists(keys) {
    return askJson(LISTS, { cache: "no-cache" }).then(function (found) {
      return Promise.all(found.status_lists.map(function (address) {
        var number = Number(address.split("/").pop());
        return ask(LISTS + "/" + number, { cache: "no-cache" }).then(function (answer) {
          return answer.arrayBuffer();
        }).then(function (content) {
          return jiabanCodes.readList(new Uint8Array(content), address, keys.value, seconds());
        }).then(function (list) {
          list.number = number;
          list.at = seconds();
          return list;
        });
      }));
    }).then(function (lists) { return jiabanStore.put("known", "lists", lists); });
  }
  function keepPage() {
    return navigator.serviceWorker.register("/h5/staff/worker.js", { scope: "/h5/staff/" }).then(function () {
      return navigator.serviceWorker.ready;
    }).then(function () { return ask("/h5/staff/offline", { cache: "no-cache" }); });
  }

  card.hidden = false;
  if (!navigator.serviceWorker || !window.indexedDB || !window.DecompressionStream || !window.crypto || !crypto.subtle) {
    say("cannot");
    return;
  }
  // After all that the page itself needs has come.
  window.addEventListener("load", function () {
    askJson("/h5/staff/offline-knowledge").then(function (mine) {
      var types = {};
      mine.licence_types.forEach(function (one) { types[one.code] = one.name; });
      return jiabanStore.put("known", "mine", { staff: mine.staff, types: types, ahead: seconds() - mine.now }).then(function () {
        return handIn(mine.staff);
      });
    }).then(fetchKeys).then(function (keys) {
      var signs = keys.value.filter(function (key) { return key.purpose === "code" && key.alg === "EdDSA"; });
      if (!signs.length) { say("cannot"); return null; }
      return fetchLists(keys).then(keepPage).then(function () { say("ready"); });
    }).catch(function () { say("failed"); });
  });
})();
