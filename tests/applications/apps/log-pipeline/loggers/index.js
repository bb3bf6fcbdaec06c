Object.defineProperty(exports, "__esModule", { value: true });
exports.createPino = createPino;
const streams = require("./streams");
const winston = (exports.winston = require("winston"));
const pino = require("pino");

function createPino(write) {
  const options = {
    level: "debug",
    base: { app: "pipeline" },
    timestamp: false,
    formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    redact: { paths: ["password", "nested.token"], censor: "***" },
    serializers: { err: ({ name, message }) => ({ name, message }), req: pino.stdSerializers.req && (({ method, url }) => `${method} ${url}`) },
  };
  return pino(options, streams.toFunction(write));
}

exports.createWinston = (write) => {
  const { combine, printf, splat, errors, label, uncolorize, colorize } = winston.format;
  return winston.createLogger({
    levels: { error: 0, audit: 1, warn: 2, info: 3, verbose: 4 },
    level: "info",
    format: combine(errors({ stack: false }), splat(), label({ label: "trail" }), colorize({ colors: { audit: "blue" } }), uncolorize(), printf(({ level, message, label: from, ...more }) => `[${from}] ${level}: ${message} ${JSON.stringify(more)}`)),
    transports: [new winston.transports.Stream({ stream: streams.toStream(write), eol: "\n" })],
    exitOnError: false,
  });
};
