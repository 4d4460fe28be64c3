// What a page does with what it hears: the first token is what it has drawn already, every other one is a change.
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
    return before !== null && this.known !== before;
  }

  // A stream begins anew, perhaps in the middle of a line.
  begin() {
    this.rest = '';
  }
}
