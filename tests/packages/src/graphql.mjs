import { graphqlSync, buildSchema } from "graphql";
console.log(JSON.stringify(graphqlSync({ schema: buildSchema("type Query { a: Int }"), source: "{ a }", rootValue: { a: () => 3 } })));
