export type Note = { id: number; title: string; tags: string[] };

export class Notes {
  protected readonly kept = new Map<number, Note>();
  static readonly first: number = 1;

  add(title: string, ...tags: string[]): Note {
    const note: Note = { id: this.kept.size + Notes.first, title, tags };
    this.kept.set(note.id, note);
    return note;
  }

  get(id: number): Note | undefined;
  get(id: number): Note | undefined {
    return this.kept.get(id);
  }

  search(words: string): Note[] {
    return [...this].filter(({ title }) => title.toLowerCase().includes(words.toLowerCase()));
  }

  [Symbol.iterator]() {
    return this.kept.values();
  }
}
