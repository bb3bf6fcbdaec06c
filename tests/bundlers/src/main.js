import { endpoint, headers } from "./config.js";

fetch(endpoint, { headers: headers() }).then((answer) => {
  document.body.append(`status ${answer.status}`);
});
