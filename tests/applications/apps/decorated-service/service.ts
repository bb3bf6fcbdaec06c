import { instanceToPlain, plainToInstance } from "class-transformer";
import { validate, type ValidationError } from "class-validator";
import { delay, inject, singleton } from "tsyringe";
import { Command } from "./commands.js";
import { Booking } from "./model.js";
import { Journal } from "./journal.js";

export interface Clock {
  now(): string;
}
export const CLOCK = Symbol("Clock");

export enum StorageKind {
  Memory = 1 << 0,
  Disk = 1 << 1,
  Both = Memory | Disk,
}

@singleton()
export class BookingService {
  readonly kind: StorageKind = StorageKind.Both;

  constructor(
    @inject(CLOCK) private readonly clock: Clock,
    @inject("Storage") private readonly bookings: Map<number, Booking>,
    @inject(delay(() => Journal)) readonly journal: Journal,
  ) {}

  async book(input: object): Promise<{ booking?: Booking; problems: string[] }> {
    const booking = plainToInstance(Booking, { number: (input as Booking).id, ...input });
    const problems = flatten(await validate(booking, { whitelist: false, forbidUnknownValues: true }));
    if (problems.length) return { problems };
    this.bookings.set(booking.id, booking);
    this.journal.note(`${this.clock.now()} booked ${booking.id}`);
    return { booking, problems };
  }

  list = () => [...this.bookings.values()].map((booking) => instanceToPlain(booking));

  @Command(2)
  count(): number {
    return this.bookings.size;
  }

  @Command(1)
  history(): string[] {
    return this.journal.lines;
  }
}

function flatten(errors: ValidationError[], path = ""): string[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => [
    ...Object.values(constraints).map((text) => `${path}${property}: ${text}`),
    ...flatten(children, `${path}${property}.`),
  ]);
}
