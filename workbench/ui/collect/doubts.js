// Takes that sound like another prompt than their own: a model listens while the next ones are read, and each that it
// doubts is held back as a draft and named here, until it is read again or kept.
class Doubts {
  /** @param {(item: any) => void} reread */
  constructor(reread) {
    this.reread = reread;
    this.node = make('ul', 'doubts', { 'aria-live': 'polite' });
    this.rows = new Map(); // item -> its row
  }

  // Let the server hear a take; nobody waits for it, and where no model can listen nothing is said.
  async ask(item, prompts) {
    const { clip } = item;
    const author = /** @type {HTMLInputElement | null} */ (document.querySelector('#author :is(input, textarea)'));
    const asked = { set: set(), clip, prompts, author: author ? author.value : '' };
    const heard = await post('prompts/check', 'application/json', JSON.stringify(asked)).catch(() => null);
    if (heard && heard.remark && item.clip === clip) this.add(item, heard.remark); // else it was read again meanwhile
  }

  add(item, remark) {
    const said = fill(props.words.doubt, { text: item.text, remark });
    if (!this.node.closest('dialog').open) { tell(said, 'mind'); return; }
    this.drop(item);
    const row = make('li', '', {}, said);
    for (const [label, act] of [[props.words.rereadIt, () => this.reread(item)], [props.words.keepIt, () => this.drop(item)]]) {
      const button = make('button', 'plain', { type: 'button', 'aria-label': `${label}: ${item.text}` }, label);
      button.onclick = act;
      row.append(' ', button);
    }
    this.rows.set(item, row);
    this.node.append(row);
  }

  drop(item) {
    this.rows.get(item)?.remove();
    this.rows.delete(item);
  }

  clear() { for (const item of [...this.rows.keys()]) this.drop(item); }
}
