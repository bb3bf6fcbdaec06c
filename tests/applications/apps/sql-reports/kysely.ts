import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql, type Generated } from "kysely";
import type { Status } from "./schema";

interface Database {
  orders: { id: Generated<number>; customer_id: number; status: Status; cents: number };
}

export async function* kyselyReports(): AsyncGenerator<string> {
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (instance) => new PostgresIntrospector(instance),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const { fn } = db;
  const queries = [
    db.selectFrom("orders").selectAll().where((eb) => eb.or([eb("cents", ">", 5), eb("status", "=", "paid" as Status)])),
    db.selectFrom("orders as o").select(["o.status", fn.sum<number>("o.cents").as("total")]).groupBy("o.status").having(fn.countAll(), ">", 1),
    db.insertInto("orders").values({ customer_id: 1, status: "open" as Status, cents: 3 }).returning("id"),
    db.updateTable("orders").set({ cents: sql`cents * ${2}` }).where("id", "in", [1, 2]),
    db.deleteFrom("orders").where(({ exists, selectFrom }) => exists(selectFrom("orders as x").select("x.id").whereRef("x.id", "=", "orders.id"))),
  ] as const;
  for (const query of queries) {
    const { sql: text, parameters } = query.compile();
    yield `kysely: ${text} ${JSON.stringify(parameters)}`;
  }
  await db.transaction().execute(async (transaction) => transaction.selectFrom("orders").select("id").execute());
  await db.destroy();
}
