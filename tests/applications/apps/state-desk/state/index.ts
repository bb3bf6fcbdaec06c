export * from "./desk";
export * as slices from "./slices";
export type { Ticket } from "./ticket";
