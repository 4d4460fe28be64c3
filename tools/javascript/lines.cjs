// ESLint's findings, one a line.
module.exports = (results) => results.flatMap((file) => file.messages.map(
  (m) => `${file.filePath}:${m.line}:${m.column}: ${m.message} (${m.ruleId})`)).join('\n');
