// The rules of a program alone: their piece is run as the body of a function, as Gradio runs the whole program.
import { readFileSync } from 'node:fs';

const UI = new URL('../../workbench/ui/', import.meta.url);

/** What a piece declares, by these names. */
export function rules(place, ...names) {
  return new Function(`${readFileSync(new URL(place, UI), 'utf-8')}\nreturn { ${names.join(', ')} };`)();
}

/** A piece that is one function, which sees these globals. */
export function alone(place, globals = {}) {
  const source = readFileSync(new URL(place, UI), 'utf-8').replace(/^(\/\/.*\n)+/, '');
  return new Function(...Object.keys(globals), `return ${source.trim().replace(/;$/, '')};`)(...Object.values(globals));
}
