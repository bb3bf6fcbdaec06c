import { relations } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export enum Status {
  Open = "open",
  Paid = "paid",
  Shipped = "shipped",
}

export const customers = sqliteTable("customers", {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  email: text().unique(),
});

export const orders = sqliteTable(
  "orders",
  {
    id: integer().primaryKey(),
    customerId: integer("customer_id").references(() => customers.id, { onDelete: "cascade" }),
    status: text({ enum: Object.values(Status) as [Status, ...Status[]] }).default(Status.Open),
    cents: integer().notNull(),
  },
  (table) => [index("by_customer").on(table.customerId)],
);

export const customersRelations = relations(customers, ({ many }) => ({ orders: many(orders) }));
export const ordersRelations = relations(orders, ({ one }) => ({
  customer: one(customers, { fields: [orders.customerId], references: [customers.id] }),
}));
