// The service worker of the staff's pages: where no network is, it answers with the scanner that needs none. VERSION,
// PAGE, FILES and DECODER stand in front of this, which the server writes. It keeps no page that knows anybody.
"use strict";
var CACHE = "jiaban-offline-" + VERSION;

self.addEventListener("install", function (event) {
  // A browser that reads codes by itself needs no decoder.
  var wanted = [PAGE].concat(FILES, self.BarcodeDetector ? [] : DECODER);
  event.waitUntil(caches.open(CACHE).then(function (cache) {
    return cache.addAll(wanted);
  }).then(function () { return self.skipWaiting(); }));
});
self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.map(function (name) { return name === CACHE ? null : caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

// The kept page is as this browser chose last that pages should look.
function keptAnew(request) {
  return fetch(request).then(function (answer) {
    if (!answer.ok) { return answer; }
    var copy = answer.clone();
    return caches.open(CACHE).then(function (cache) { return cache.put(PAGE, copy); }).then(function () { return answer; });
  });
}
self.addEventListener("fetch", function (event) {
  var request = event.request, path = new URL(request.url).pathname;
  if (request.method === "GET" && path.indexOf("/h5/static/") === 0) {
    event.respondWith(caches.match(request).then(function (kept) { return kept || fetch(request); }));
  } else if (path === PAGE) {
    event.respondWith(keptAnew(request).catch(function () { return caches.match(PAGE); }));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(function () {
      // What a form sent is taken up by the page: verify.js has kept it for this one case.
      return request.method === "GET" ? caches.match(PAGE) : Response.redirect(PAGE + "#unsent", 303);
    }));
  }
});
