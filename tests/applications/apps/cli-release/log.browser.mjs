export const log = (value) => document.body.append(String(value));
