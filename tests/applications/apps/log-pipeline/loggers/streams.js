const { Writable } = require("stream");

module.exports = {
  toFunction: (write) => ({ write }),
  toStream(write) {
    return new Writable({
      decodeStrings: false,
      write(chunk, encoding, done) {
        write(String(chunk));
        done();
      },
    });
  },
};
