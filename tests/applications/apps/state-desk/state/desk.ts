import { action, actionBound, computed, observable } from "mobx";
import type { Ticket } from "./ticket";

// Counts calls of methods that it decorates, as a decorator of the project does it.
export const calls = new Map<string, number>();
function counted<This, Arguments extends unknown[], Result>(method: (this: This, ...args: Arguments) => Result, context: ClassMethodDecoratorContext) {
  context.addInitializer(function () {
    calls.set(String(context.name), 0);
  });
  return function (this: This, ...args: Arguments): Result {
    calls.set(String(context.name), (calls.get(String(context.name)) ?? 0) + 1);
    return method.call(this, ...args);
  };
}

export class Desk {
  static opened = 0;
  static {
    this.opened += 1;
  }

  @observable accessor tickets: Ticket[] = [];

  @computed get open(): Ticket[] {
    return this.tickets.filter(({ closed }) => !closed);
  }

  @computed get busiest(): string | undefined {
    const counts = Map.groupBy?.(this.open, ({ owner }) => owner) ?? group(this.open);
    return [...counts].sort(([, left], [, right]) => right.length - left.length)[0]?.[0];
  }

  @actionBound
  @counted
  add(ticket: Omit<Ticket, "id">): void {
    this.tickets.push({ id: this.tickets.length + 1, ...ticket });
  }

  @action close(id: number): void {
    const ticket = this.tickets.find((one) => one.id === id);
    if (!ticket) throw new RangeError(`no ticket ${id}`);
    ticket.closed = true;
  }
}

function group(tickets: Ticket[]): Map<string, Ticket[]> {
  const groups = new Map<string, Ticket[]>();
  for (const ticket of tickets) groups.set(ticket.owner, [...(groups.get(ticket.owner) ?? []), ticket]);
  return groups;
}

export const desk = new Desk();
