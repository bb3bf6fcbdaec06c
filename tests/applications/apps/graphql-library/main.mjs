import http from "node:http";
import { createYoga, maskError } from "graphql-yoga";
import { printSchema, lexicographicSortSchema } from "graphql";
import { schema } from "./schema.mjs";
import { createContext, lookups } from "./books.mjs";

const yoga = createYoga({
  schema,
  context: createContext,
  logging: false,
  landingPage: false,
  graphiql: false,
  maskedErrors: { maskError: (error, message) => maskError(error, message, false) },
});
const server = http.createServer(yoga);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/graphql`;

console.log(printSchema(lexicographicSortSchema(schema)));
const ask = async (query, variables, accept = "application/graphql-response+json") => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify({ query, variables }),
  });
  console.log(response.status, response.headers.get("content-type"));
  console.log(await response.text());
};
await ask("{ books { title author { name books { title } } } }");
console.log("lookups", lookups);
await ask("query ($id: ID!) { book(id: $id) { __typename ... on Book { title published } } }", { id: "2" });
await ask("query ($id: ID!) { book(id: $id) { title } }", { id: "99" });
await ask("{ books { tittle } }");
await ask('mutation { addBook(title: "Emma", author: "1", published: "1815-12-23") { id published } }');
await ask('mutation { addBook(title: "Emma", author: "1", published: "christmas") { id } }');
await ask("{ crash }");
await ask("subscription { counted(to: 3) }", {}, "text/event-stream");
server.close();
