// What was typed and is not known to be kept: marked at its clip, sent again by itself, and remembered in this tab, since
// Gradio loads the page anew when its server was away.
const UNSAVED = 'speech-workbench-unsaved';
const PATIENCE_MS = 15000; // for the answer to a saved label
const owing = new Map(); // clip id -> its row, also where the list shows other clips by now

const memory = {
  read() { try { return JSON.parse(sessionStorage.getItem(UNSAVED) || 'null') || {}; } catch { return {}; } },

  write(all) { try { sessionStorage.setItem(UNSAVED, JSON.stringify(all)); } catch { /* no storage: until a reload */ } },

  keep(row, submit = false) {
    const about = { text: row.text.value, submit, revision: row.base, clip: row.clip, set: drawn.set };
    this.write({ ...this.read(), [row.id]: about });
  },

  drop(id) {
    const all = this.read();
    if (!(id in all)) return;
    delete all[id];
    this.write(all);
  },

  // After the page was loaded anew: what this tab had not brought home before.
  resume(set) {
    for (const [key, about] of Object.entries(this.read())) {
      const id = Number(key), here = rows.get(id);
      if (about.set !== set || owing.has(id)) continue;
      if (here && here.clip.name !== about.clip.name) this.drop(id); // another workspace is served here by now
      else (here || new Row(about.clip)).unsaved.takeUp(about);
    }
  },
};

// Another server answers here by now, which does not know this page: it is loaded anew, and what is owed is sent then.
async function lookForServer() {
  try {
    const { app_id: found } = await (await fetch('gradio_api/app_id')).json();
    if (window.gradio_config && found !== window.gradio_config.app_id) window.location.reload();
  } catch { /* it is still away */ }
}

class Unsaved {
  constructor(row) {
    this.row = row;
    this.text = null; // what the server is to keep, tidied; null where nothing is owed
    this.submit = false; // whether it is to be confirmed
    this.tries = this.silent = 0; // how often it could not be saved, and how often no answer came
    this.timer = null;
    this.node = make('div', 'warnings unsaved', { role: 'alert', id: `unsaved-${row.id}` });
    this.node.hidden = true;
  }

  // The field's text leaves for the server.
  owe(submit) {
    const text = tidy(this.row.text.value);
    this.submit = submit || (this.submit && this.text === text);
    this.text = text;
    owing.set(this.row.id, this.row);
    memory.keep(this.row, this.submit);
    this.later(PATIENCE_MS * Math.min(4, 1 + this.silent), () => {
      this.silent += 1;
      this.mark(props.words.noAnswer, true);
      this.again();
      lookForServer();
    });
  }

  later(pause, act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, pause);
  }

  again() {
    const same = tidy(this.row.text.value) === this.text;
    trigger(this.submit && same ? 'submit' : 'edit', this.row.payload(this.row.base, this.submit && same));
  }

  takeUp(about) {
    const { clip } = this.row;
    const owed = { text: tidy(about.text), submit: about.submit };
    if (isSettled(owed, clip.text, clip.status === 'confirmed')) { memory.drop(clip.id); return; }
    this.row.text.value = about.text;
    this.row.base = about.revision;
    this.row.paintText();
    const data = this.row.payload(about.revision, about.submit);
    trigger(about.submit ? 'submit' : 'edit', { ...data, name: about.clip.name });
  }

  // The server has this text; `confirmed` tells whether as a confirmed one.
  settle(said, confirmed) {
    if (!isSettled(this, said, confirmed)) return;
    const told = !this.node.hidden;
    this.forget();
    if (told) say(props.words.savedAfterAll);
  }

  forget() {
    clearTimeout(this.timer);
    const told = !this.node.hidden;
    this.text = null;
    this.submit = false;
    this.tries = this.silent = 0;
    owing.delete(this.row.id);
    if (this.row.dirty && this.row.timer !== null) memory.keep(this.row); else memory.drop(this.row.id);
    show(this.node, '');
    this.row.text.removeAttribute('aria-invalid');
    if (told) paintAbove(drawn);
  }

  fail(said, why, again) {
    this.row.sent = this.row.sent.filter((text) => text !== said);
    if (said !== this.text) return; // a newer text is on its way
    this.mark(why, again);
    if (again) {
      this.later(pauseBefore(this.tries), () => this.again());
      this.tries += 1;
    } else {
      clearTimeout(this.timer);
      this.text = null;
      owing.delete(this.row.id);
      memory.drop(this.row.id);
    }
  }

  mark(why, again) {
    show(this.node, filled(again ? props.words.sentAgain : props.words.notSent, { why }));
    this.row.text.setAttribute('aria-invalid', 'true');
    paintAbove(drawn);
  }
}

// Clips of other pages or sets whose text is not kept yet, for a strip above the list.
function elsewhere() {
  const away = [...owing.values()].filter((row) => !row.unsaved.node.hidden && rows.get(row.id) !== row);
  return away.length && { text: filled(props.words.elsewhere, { names: away.map((row) => row.clip.name).join(', ') }) };
}

// Asked only where the server is there and could not save: when it was away, the page is loaded anew by itself.
window.addEventListener('beforeunload', (event) => {
  if ([...owing.values()].some((row) => row.unsaved.tries > 0)) event.preventDefault();
});
