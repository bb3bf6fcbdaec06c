export enum Currency {
  TWD,
  EUR = TWD + 1,
}

const enum Rate {
  Euro = 0.03,
}

export interface Product {
  readonly id: number;
  name: string;
  price: number;
  tags: string[];
}

export namespace Money {
  export const format = (amount: number, currency: Currency): string =>
    currency === Currency.EUR ? `€ ${(amount * Rate.Euro).toFixed(2)}` : `NT$ ${amount}`;
}

export class Catalogue implements Iterable<Product> {
  #next: number;

  constructor(private readonly products: Product[]) {
    this.#next = products.length + 1;
  }

  add(product: Omit<Product, "id">): Product {
    const added = { id: this.#next++, ...product };
    this.products.push(added);
    return added;
  }

  find = (id: number): Product | undefined => this.products.find((product) => product.id === id);

  *[Symbol.iterator](): IterableIterator<Product> {
    yield* this.products!;
  }
}
