// Puts suggested values into the form's fields, but never in place of what was typed after the question was asked.
// An answer takes a while; only the browser knows what each field holds by now and in which one somebody is typing.
(offer, filled, ...now) => {
  if (!offer || !offer.names) return [];
  const empty = (value) => value === null || value === undefined || value === '';
  const same = (a, b) => (empty(a) || empty(b)
    ? empty(a) && empty(b)
    : String(a) === String(b) || (Number(a) === Number(b) && !Number.isNaN(Number(a))));
  const left = { ...offer.filled };
  const values = offer.names.map((name, i) => {
    const field = `#setting-${name.replaceAll('_', '-')}`;
    const typing = offer.typed.includes(name) && document.activeElement && document.activeElement.closest(field);
    const suggestion = filled && filled[name];
    // A field that holds its suggestion was filled by an answer in between, or else put back to it by hand.
    const refilled = !(name in offer.before && same(suggestion, offer.before[name])) && same(now[i], suggestion);
    const touched = !same(now[i], offer.asked[i]) && !refilled;
    if (same(now[i], offer.values[i])) return undefined;
    if (!typing && !touched) return offer.values[i];
    // What the field was filled with last is what tells whether it holds a wish.
    if (filled && name in filled) left[name] = filled[name];
    return undefined;
  });
  return [left, ...values];
}
