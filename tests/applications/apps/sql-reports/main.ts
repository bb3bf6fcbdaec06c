import { and, count, desc, eq, gt, inArray, like, relations, sql, sum } from "drizzle-orm";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import { Recorder, type Statement } from "./recorder";
import * as schema from "./schema";
import { kyselyReports } from "./kysely";

const recorder: Recorder<Statement> = new Recorder("drizzle");
const db = drizzle(
  async (text, parameters, method) => {
    recorder.record({ text, parameters });
    return { rows: method === "all" ? [[1, "Ann", null]] : [] };
  },
  { schema, logger: false },
);

const { customers, orders, Status } = schema;
console.log(await db.select().from(customers).where(and(eq(customers.id, 1), like(customers.name, "A%"))));
await db
  .select({ name: customers.name, total: sum(orders.cents).mapWith(Number), orders: count() })
  .from(customers)
  .leftJoin(orders, eq(orders.customerId, customers.id))
  .where(inArray(orders.status, [Status.Paid, Status.Shipped]))
  .groupBy(customers.id)
  .having(({ orders }) => gt(orders, 2))
  .orderBy(desc(sql`total`))
  .limit(5);
await db.insert(customers).values([{ name: "Bo" }, { name: "陳", email: "chen@example.com" }]).onConflictDoNothing();
await db.update(orders).set({ status: Status.Shipped, cents: sql`${orders.cents} + 1` }).where(eq(orders.id, 9)).returning({ id: orders.id });
await db.delete(orders).where(sql`${orders.cents} < ${100}`);
await db.query.customers.findMany({ with: { orders: { columns: { id: true } } }, where: (table, { isNull }) => isNull(table.email) }).catch(() => {});
const recent = db.$with("recent").as(db.select().from(orders).where(gt(orders.cents, 5)));
console.log(db.with(recent).select().from(recent).toSQL());
console.log(typeof relations);
recorder.print();

for await (const statement of kyselyReports()) console.log(statement);
