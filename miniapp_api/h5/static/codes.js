// Presentation codes and status lists, read and judged on the phone as the server does (docs/licences.md): CWTs
// (RFC 8392) in a COSE_Sign1 (RFC 9052), in deterministic CBOR, signed with Ed25519.
(function () {
  "use strict";
  var library = document.currentScript.dataset.ed25519;
  var EDDSA = -8, LIVE = 0, PAPER = 2, SHOWN = -65537, AGE_60 = 1;
  var LONGEST_SECONDS = [60, 12 * 3600, 365 * 24 * 3600];
  var PHONE_SKEW_SECONDS = 120, KEYS_KNOWN_SECONDS = 24 * 3600, CITY_AHEAD_SECONDS = 8 * 3600, DAY_SECONDS = 24 * 3600;
  var LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  function Malformed() {}
  function must(held) { if (!held) { throw new Malformed(); } }

  // What stands in bytes as core deterministic CBOR: numbers, Uint8Array, strings, arrays, Map, true, false, null, {tag, value}.
  function cborOf(bytes) {
    var at = 0;
    function take(count) {
      must(at + count <= bytes.length);
      at += count;
      return bytes.subarray(at - count, at);
    }
    function argument(short) {
      if (short < 24) { return short; }
      must(short < 28);
      var size = 1 << (short - 24), value = 0;
      take(size).forEach(function (byte) { value = value * 256 + byte; });
      must(value <= Number.MAX_SAFE_INTEGER && value >= (size === 1 ? 24 : Math.pow(256, size / 2)));
      return value;
    }
    function next(depth) {
      must(depth < 8);
      var head = take(1)[0], kind = head >> 5;
      if (kind === 7) {
        must(head >= 0xf4 && head <= 0xf6);
        return [false, true, null][head - 0xf4];
      }
      var value = argument(head & 31), found, index, key;
      if (kind === 0) { return value; }
      if (kind === 1) { return -1 - value; }
      if (kind === 2) { return take(value); }
      if (kind === 3) { return new TextDecoder("utf-8", { fatal: true }).decode(take(value)); }
      if (kind === 6) { return { tag: value, value: next(depth + 1) }; }
      must(value <= bytes.length);
      found = kind === 4 ? [] : new Map();
      for (index = 0; index < value; index += 1) {
        key = next(depth + 1);
        if (kind === 4) { found.push(key); continue; }
        must(!found.has(key));
        found.set(key, next(depth + 1));
      }
      return found;
    }
    var whole = next(0);
    must(at === bytes.length);
    return whole;
  }
  function byteString(bytes) {
    must(bytes.length < 65536 * 256);
    var size = bytes.length, head = size < 24 ? [0x40 | size] : size < 256 ? [0x58, size] : size < 65536 ?
      [0x59, size >> 8, size & 255] : [0x5a, 0, size >> 16, size >> 8 & 255, size & 255];
    return Array.prototype.concat.call(head, Array.prototype.slice.call(bytes));
  }
  // Header, claims and signature of a tagged COSE_Sign1, and what the signature is over.
  function signedOf(bytes) {
    var whole = cborOf(bytes), parts = whole && whole.tag === 18 && whole.value;
    must(Array.isArray(parts) && parts.length === 4 && parts[1] instanceof Map && parts[1].size === 0);
    must([0, 2, 3].every(function (place) { return parts[place] instanceof Uint8Array; }) && parts[3].length === 64);
    var header = cborOf(parts[0]), claims = cborOf(parts[2]);
    must(header instanceof Map && claims instanceof Map && header.get(4) instanceof Uint8Array);
    var name = "Signature1".split("").map(function (letter) { return letter.charCodeAt(0); });
    var over = [0x84, 0x6a].concat(name, byteString(parts[0]), [0x40], byteString(parts[2]));
    var kid = String.fromCharCode.apply(null, header.get(4));
    return { kid: kid, algorithm: header.get(1), header: header, claims: claims, signature: parts[3], over: new Uint8Array(over) };
  }
  function bytesOfBase32(token) {
    var bytes = [], kept = 0, bits = 0;
    token.split("").forEach(function (letter) {
      var value = LETTERS.indexOf(letter);
      must(value >= 0);
      kept = (kept << 5 | value) & 0xfff;
      bits += 5;
      if (bits >= 8) { bits -= 8; bytes.push(kept >> bits & 255); }
    });
    must(token && bits < 5 && (kept & (1 << bits) - 1) === 0);
    return new Uint8Array(bytes);
  }
  function bytesOfBase64(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }

  // What was scanned or typed: {digits: true}, {code: …}, or null where it is no code of ours by its shape.
  function read(text) {
    text = text.trim().toUpperCase();
    if (/^\d{12}$/.test(text.normalize("NFKC").replace(/[\s-]/g, ""))) { return { digits: true }; }
    try {
      must(text.length <= 1024);
      var token = text;
      if (text.indexOf("/") >= 0) {
        var found = /^HTTPS?:\/\/.*\/V\/([^]*)$/.exec(text);
        must(found);
        token = found[1];
      }
      must(token.length <= 512);
      var signed = signedOf(bytesOfBase32(token)), claims = signed.claims, shown = claims.get(SHOWN);
      must(claims.size === 4 && signed.header.size === 2 && Array.isArray(shown) && shown.length === 9);
      var code = {
        token: token, signed: signed, expires: claims.get(4), issued: claims.get(6), nonce: claims.get(7), kind: shown[0],
        type: shown[2], holder: shown[3], until: shown[4], preset: shown[5], facts: shown[6], list: shown[7], index: shown[8]
      };
      var lasts = code.expires - code.issued;
      must(code.nonce instanceof Uint8Array && code.nonce.length === 16 && code.facts instanceof Map);
      must(lasts > 0 && lasts <= LONGEST_SECONDS[code.kind] && code.preset >= 0 && code.preset <= 3);
      code.id = Array.prototype.map.call(code.nonce, function (byte) { return (256 + byte).toString(16).slice(1); }).join("");
      return { code: code };
    } catch (error) { return null; }
  }

  // Whether the key made the signature. Rejected where this phone cannot tell.
  function isSigned(key, signed) {
    var raw = bytesOfBase64(key.x);
    return crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]).then(function (own) {
      return crypto.subtle.verify({ name: "Ed25519" }, own, signed.signature, signed.over);
    }, function () {
      if (!library || !window.jiabanImport) { throw new Error("this phone verifies no Ed25519"); }
      return jiabanImport(library).then(function (noble) {
        return noble.verifyAsync(signed.signature, signed.over, raw, { zip215: false });
      });
    });
  }
  function keyOf(keys, signed, now) {
    return keys.filter(function (key) {
      return key.kid === signed.kid && (key.alg === "EdDSA") === (signed.algorithm === EDDSA) && !(key.exp <= now);
    })[0];
  }

  // A status list that its key signed: when it was made and ends, and two bits for each place. Rejected otherwise.
  function readList(bytes, address, keys, now) {
    return Promise.resolve().then(function () {
      var signed = signedOf(bytes), key = keyOf(keys, signed, now);
      must(key && key.purpose === "status" && signed.header.get(16) === "application/statuslist+cwt");
      return isSigned(key, signed).then(function (genuine) {
        var list = signed.claims.get(65533);
        must(genuine && signed.claims.get(2) === address && list.get("bits") === 2);
        var opened = new Blob([list.get("lst")]).stream().pipeThrough(new DecompressionStream("deflate"));
        return new Response(opened).arrayBuffer().then(function (places) {
          return { made: signed.claims.get(6), ends: signed.claims.get(4), places: new Uint8Array(places) };
        });
      });
    });
  }

  // What a code is worth: {reason}, a reason code, or {reason: null, why} where this phone cannot tell.
  // known: {keys: {value, at}, lists: {number: {made, ends, places}}, types: {code: name}, seen: whether it was shown here}.
  function judge(code, known, now) {
    var keys = known.keys, key = keyOf(keys.value, code.signed, now);
    if (!key) {
      return Promise.resolve(now - keys.at > KEYS_KNOWN_SECONDS ? { reason: null, why: "keys_old" } : { reason: "unknown_key" });
    }
    if (key.purpose !== (code.kind === PAPER ? "paper" : "code")) { return Promise.resolve({ reason: "malformed" }); }
    if (key.alg !== "EdDSA") { return Promise.resolve({ reason: null, why: "other_algorithm" }); }
    return isSigned(key, code.signed).then(function (genuine) {
      return genuine ? ofGenuine(code, known, now) : { reason: "malformed" };
    }, function () { return { reason: null, why: "cannot" }; });
  }
  function ofGenuine(code, known, now) {
    var today = Math.floor((now + CITY_AHEAD_SECONDS) / DAY_SECONDS);
    if (code.issued > now + PHONE_SKEW_SECONDS) { return { reason: "clock_skew" }; }
    if (code.kind !== PAPER && known.seen) { return { reason: "replayed" }; }
    if (code.expires + PHONE_SKEW_SECONDS <= now) { return { reason: "expired" }; }
    if (code.type !== null && !known.types[code.type]) { return { reason: "outside_duty" }; }
    if (code.list !== null) {
      var list = known.lists[code.list];
      if (!list || list.ends <= now || code.index >= list.places.length * 4) { return { reason: null, why: "status_old" }; }
      var worth = list.places[code.index >> 2] >> (code.index & 3) * 2 & 3;
      if (worth) { return { reason: [null, code.kind === PAPER ? "code_ended" : "revoked", "suspended", "licence_expired"][worth] }; }
    }
    if (code.until !== null && code.until < today) { return { reason: "licence_expired" }; }
    return { reason: code.kind === PAPER ? "genuine_paper" : "genuine_offline" };
  }

  window.jiabanCodes = {
    read: read, readList: readList, judge: judge, LIVE: LIVE, PAPER: PAPER, AGE_60: AGE_60,
    SKEW_SECONDS: PHONE_SKEW_SECONDS
  };
})();
