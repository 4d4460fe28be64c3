// The rules of a program alone: their piece is run as the body of a function, as Gradio runs the whole program.
import { readFileSync } from 'node:fs';

const UI = new URL('../../workbench/ui/', import.meta.url);

/** What a piece declares, by these names; those that write numbers are there, as in each program that uses them. */
export function rules(place, ...names) {
  const pieces = [...new Set(['kit/numbers_rules.js', place])].map((each) => readFileSync(new URL(each, UI), 'utf-8'));
  return new Function(`${pieces.join('\n')}\nreturn { ${names.join(', ')} };`)();
}

/** A piece that is one function, which sees these globals. */
export function alone(place, globals = {}) {
  const source = readFileSync(new URL(place, UI), 'utf-8').replace(/^(\/\/.*\n)+/, '');
  return new Function(...Object.keys(globals), `return ${source.trim().replace(/;$/, '')};`)(...Object.values(globals));
}

/** What a page says whose language is this one. */
export function speaking(lang, say) {
  globalThis.document = { documentElement: { lang } };
  try { say(); } finally { delete globalThis.document; }
}
