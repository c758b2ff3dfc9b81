// A file goes up in chunks: it says how far it has come, and goes on from there after the network was gone.
(function () {
  "use strict";
  var box = document.getElementById("progress");
  var again = document.getElementById("again");
  if (!box || !window.fetch || !window.crypto || !crypto.subtle || !window.FileReader) { return; }
  var said = box.querySelector("[role=status]");
  var bar = box.querySelector("progress");
  var forms = Array.prototype.slice.call(document.querySelectorAll("form.upload"));
  var busy = false;

  function say(what, percent) {
    box.hidden = false;
    said.textContent = box.dataset[what].replace("{}", percent);
    if (percent !== undefined) { bar.value = percent; }
  }
  function ask(form, method, path, body, type) {
    var headers = { "X-CSRF-Token": form.querySelector("[name=csrf_token]").value };
    if (type) { headers["Content-Type"] = type; }
    return window.jiabanAsk("/api/v1/applications/" + form.dataset.case + path, {
      method: method, headers: headers, body: body
    }).then(function (answer) {
      return answer.json().then(function (told) {
        if (!answer.ok) { throw told; }
        return told;
      });
    });
  }
  function read(file) {
    return new Promise(function (done, failed) {
      var reader = new FileReader();
      reader.onload = function () { done(reader.result); };
      reader.onerror = failed;
      reader.readAsArrayBuffer(file);
    });
  }
  function hex(bytes) {
    return Array.prototype.map.call(new Uint8Array(bytes), function (one) {
      return ("0" + one.toString(16)).slice(-2);
    }).join("");
  }
  function send(form, content, digest) {
    var begin = { material_id: form.dataset.material, size: content.byteLength, sha256: digest };
    return ask(form, "POST", "/uploads", JSON.stringify(begin), "application/json").then(function next(upload) {
      say("sending", upload.progress);
      if (upload.file_id) { return upload; }
      var missing = 0;
      while (upload.chunks.indexOf(missing) >= 0) { missing += 1; }
      if (missing >= upload.chunk_count) {
        say("checking", 100);
        return ask(form, "POST", "/uploads/" + upload.id + "/completion");
      }
      var from = missing * upload.chunk_size;
      var chunk = content.slice(from, from + upload.chunk_size);
      return ask(form, "PUT", "/uploads/" + upload.id + "/chunks/" + missing, chunk, "application/octet-stream").then(next);
    });
  }
  // What the server refused is said in its words; anything else is the network, and goes on from where it was.
  function fail(form, content, digest, told) {
    busy = false;
    if (told && told.code) { said.textContent = told.message; bar.hidden = true; again.hidden = true; return; }
    say("stuck");
    again.hidden = false;
    again.onclick = function () { run(form, content, digest); };
  }
  function run(form, content, digest) {
    if (busy) { return; }
    busy = true;
    again.hidden = true;
    bar.hidden = false;
    say("sending", 0);
    send(form, content, digest).then(function () {
      location.replace(location.pathname + "?done=given");
    }).catch(function (told) { fail(form, content, digest, told); });
  }
  function take(form, file) {
    if (!file || busy) { return; }
    if (file.size > Number(box.dataset.most)) { bar.hidden = true; again.hidden = true; say("large"); return; }
    say("sending", 0);
    read(file).then(function (content) {
      return crypto.subtle.digest("SHA-256", content).then(function (digest) { run(form, content, hex(digest)); });
    }).catch(function () { form.submit(); });
  }
  forms.forEach(function (form) {
    form.classList.add("quick");
    form.querySelector("[type=file]").addEventListener("change", function (event) {
      take(form, event.target.files[0]);
    });
  });
  window.addEventListener("online", function () { if (!again.hidden) { again.click(); } });
})();
