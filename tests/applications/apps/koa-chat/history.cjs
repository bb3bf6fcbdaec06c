// What was said last. The oldest lines go first.
const LIMIT = 4;
const kept = [];

module.exports = {
  add(line) {
    kept.push(line);
    if (kept.length > module.exports.LIMIT) kept.shift();
  },
  lines: (name) => kept.filter((line) => !name || line.name === name),
};
module.exports.LIMIT = LIMIT;
