// The rules of a microphone, which touch neither the page nor the microphone: levels, files, and answers to them.
const BEFORE_S = 0.3; // heard before the press is kept: people speak as they press
const AFTER_S = 0.2; // and after it
const QUIET_DB = -42; // as the server judges it
const LOUD = 0.985; // of full scale
const LOUD_MS = 1500; // how long too loud a moment is told
const GOOD_MS = 600; // how long a good one is, between words
const LOWEST_DB = -60; // that the bar shows
const FALL_DB = 2.5; // from one block of samples to the next, at most
const FINAL = [400, 404, 405, 413, 415, 422]; // answers that stay the same however often one asks

function fill(sentence, facts) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

// ---- sound ----

// Level in dB of full scale, and the largest sample.
function loudness(samples) {
  let peak = 0;
  let power = 0;
  for (const sample of samples) {
    peak = Math.max(peak, Math.abs(sample));
    power += sample * sample;
  }
  return { db: 10 * Math.log10(power / samples.length + 1e-12), peak };
}

// What the bar shows next: it rises at once and falls slowly.
const barAfter = (shown, db) => Math.max(db, shown - FALL_DB, LOWEST_DB);

// 'loud', 'good' or 'quiet': by when it was too loud, and loud enough, the last time.
function levelWord(now, loudAt, goodAt) {
  if (now - loudAt < LOUD_MS) return 'loud';
  return now - goodAt < GOOD_MS ? 'good' : 'quiet';
}

// 16-bit mono; parts are Float32Arrays.
function wav(parts, rate) {
  const n = parts.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * n));
  const word = (place, letters) => [...letters].forEach((c, i) => view.setUint8(place + i, c.charCodeAt(0)));
  word(0, 'RIFF'); view.setUint32(4, 36 + 2 * n, true); word(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, 'data'); view.setUint32(40, 2 * n, true);
  let place = 44;
  for (const part of parts) for (const sample of part) {
    view.setInt16(place, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true);
    place += 2;
  }
  return new Blob([view], { type: 'audio/wav' });
}

// ---- the server's answers ----

// 'kept'; 'refused' for good; 'later', which asking again may mend: the disk is full, somebody has to sign in;
// 'between', a refusal of a proxy's in the server's place; 'nothing' that can be used.
function answerKind({ ok, status }, said) {
  if (ok && said) return 'kept';
  const final = FINAL.includes(status);
  if (said && said.error) return final ? 'refused' : 'later';
  return final ? 'between' : 'nothing';
}
