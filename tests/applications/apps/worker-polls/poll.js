export class Poll {
  #votes = new Map();
  static #most = (left, right) => right[1] - left[1];

  constructor(question, choices) {
    this.question = question;
    for (const choice of choices) this.#votes.set(choice, 0);
  }

  vote(choice) {
    if (!this.#votes.has(choice)) throw Object.assign(new Error(`no choice ${choice}`), { status: 409 });
    this.#votes.set(choice, this.#votes.get(choice) + 1);
    return this;
  }

  winner() {
    return [...this.#votes].sort(Poll.#most)[0]?.[0];
  }

  toJSON() {
    return { question: this.question, votes: Object.fromEntries(this.#votes) };
  }
}
