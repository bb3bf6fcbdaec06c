import { autorun, configure, reaction, when } from "mobx";
import { desk, Desk, slices, type Ticket } from "./state";
import * as state from "./state";
import { report } from "./report";
import { ticks } from "./stream";

configure({ enforceActions: "always", disableErrorBoundaries: false });

const lines: string[] = [];
const stop = autorun(() => lines.push(`open ${desk.open.length} of ${desk.tickets.length}`));
reaction(
  () => desk.busiest,
  (name, before) => lines.push(`busiest ${before ?? "nobody"} to ${name}`),
);
const closed = when(() => desk.tickets.length > 2);
desk.add({ title: "Printer", owner: "Ann", due: "2026-03-01" });
desk.add({ title: "Door", owner: "Bo", due: "2026-02-27" });
desk.add({ title: "Lamp", owner: "Bo", due: "2024-02-29" });
await closed;
desk.close(1);
stop();
desk.close(2);
console.log(lines.join("\n"));
try {
  desk.close(99);
} catch (error) {
  console.log((error as Error).message, error instanceof RangeError);
}

const { store, board } = slices;
const unsubscribe = store.subscribe(() => console.log("stored", JSON.stringify(store.getState().board)));
store.dispatch(board.actions.moved({ id: 1, to: "doing" }));
store.dispatch(board.actions.moved({ id: 2, to: "doing" }));
await store.dispatch(slices.load("due"));
await store.dispatch(slices.load("broken"));
unsubscribe();
console.log(board.actions.moved.type, slices.selectDoing(store.getState()), slices.selectDoing.recomputations());

console.log(await ticks(["a", "b", "", "c", "fail", "d"]));
for (const locale of ["en", "zh-TW", "de"] as const) console.log(await report(desk.tickets as Ticket[], locale));
console.log(Object.keys(state).sort().join(" "), Desk.opened);
