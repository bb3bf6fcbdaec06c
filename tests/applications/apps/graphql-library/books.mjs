import DataLoader from "dataloader";

const authors = [
  { id: "1", name: "Austen" },
  { id: "2", name: "Brontë" },
];
export const books = [
  { id: "1", title: "Persuasion", authorId: "1", published: "1817-12-20" },
  { id: "2", title: "Villette", authorId: "2", published: "1853-01-28" },
  { id: "3", title: "Sanditon", authorId: "1" },
];

// How many authors each look-up asked for: one look-up, however many books.
export const lookups = [];

export function createContext() {
  return {
    authors: new DataLoader(async (ids) => {
      lookups.push(ids.length);
      return ids.map((id) => authors.find((author) => author.id === id) ?? new Error(`no author ${id}`));
    }),
  };
}
