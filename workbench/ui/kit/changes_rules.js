// What a page does with what it hears. The first token is news, too: something may have changed between what the page has
// drawn and the moment at which it began to listen.
class Heard {
  constructor() {
    this.known = null;
    this.rest = '';
  }

  // Whether there is something new in what has come.
  take(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() || '';
    const tokens = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
    const before = this.known;
    if (tokens.length) this.known = tokens[tokens.length - 1];
    return this.known !== before;
  }

  // A stream begins anew, perhaps in the middle of a line.
  begin() {
    this.rest = '';
  }
}
