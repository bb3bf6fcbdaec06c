import "reflect-metadata";
import { container, instanceCachingFactory } from "tsyringe";
import { Booking, Room } from "./model.js";
import { BookingService, CLOCK, StorageKind, type Clock } from "./service.js";
import { commands } from "./commands.js";

container.register<Clock>(CLOCK, { useValue: { now: () => "2026-05-04" } });
container.register("Storage", { useFactory: instanceCachingFactory(() => new Map<number, Booking>()) });

const service = container.resolve(BookingService);
console.log(service === container.resolve(BookingService), service.constructor.name, StorageKind[service.kind]);

for (const input of [
  { id: 1, room: { name: "Blue", seats: "8" }, from: "2026-05-04", guests: ["a@example.com"], secret: "x" },
  { id: 2, room: { name: "", seats: -1 }, from: "yesterday", guests: ["nobody"] },
  { id: 3, room: { name: "Red", seats: 2.5 }, from: "2026-05-05", guests: [] },
]) {
  const { booking, problems } = await service.book(input);
  console.log(booking?.describe() ?? "refused", problems);
}
console.log(JSON.stringify(service.list()), service.list()[0] instanceof Object);
console.log(commands.map(({ name, key, order }) => `${name}.${key}:${order}`).join(" "));
for (const { key } of commands) console.log(key, (service as unknown as Record<string, () => unknown>)[key]());
console.log(Room.name, Reflect.getMetadataKeys(Room.prototype).length, Object.getOwnPropertyNames(new Room()));
