import { createSchema } from "graphql-yoga";
import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { books } from "./books.mjs";

const parseDay = (value) => {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) throw new GraphQLError(`not a day: ${value}`, { extensions: { code: "BAD_DAY" } });
  return value;
};
const Day = new GraphQLScalarType({
  name: "Day",
  serialize: String,
  parseValue: parseDay,
  parseLiteral: (node) => parseDay(node.kind === Kind.STRING ? node.value : ""),
});

export const schema = createSchema({
  typeDefs: /* GraphQL */ `
    scalar Day
    type Author {
      name: String!
      books: [Book!]!
    }
    type Book {
      id: ID!
      title: String!
      published: Day
      author: Author!
    }
    type Query {
      books: [Book!]!
      book(id: ID!): Book
      crash: Int
    }
    type Mutation {
      addBook(title: String!, author: ID!, published: Day): Book!
    }
    type Subscription {
      counted(to: Int!): Int!
    }
  `,
  resolvers: {
    Day,
    Author: { books: (author) => books.filter((book) => book.authorId === author.id) },
    Book: { author: (book, _, { authors }) => authors.load(book.authorId) },
    Query: {
      books: () => books,
      book: (_, { id }) => books.find((book) => book.id === id) ?? Promise.reject(new GraphQLError(`no book ${id}`, { extensions: { code: "NOT_FOUND" } })),
      crash: () => {
        throw new Error("what nobody may see");
      },
    },
    Mutation: {
      addBook: (_, { title, author, published }) => {
        const book = { id: String(books.length + 1), title, authorId: author, published };
        books.push(book);
        return book;
      },
    },
    Subscription: {
      counted: {
        async *subscribe(_, { to }) {
          for (let count = 1; count <= to; count++) yield { counted: count };
        },
      },
    },
  },
});
