import type { FC, PropsWithChildren } from "hono/jsx";
import { html } from "hono/html";
import { Money, type Currency, type Product } from "./model";

export const Page: FC<PropsWithChildren<{ title: string }>> = ({ title, children }) => (
  <html lang="en">
    <head>
      <title>{title}</title>
      {html`<style>body { margin: 0 }</style>`}
    </head>
    <body>{children}</body>
  </html>
);

export const ProductList = ({ products, currency }: { products: Product[]; currency: Currency }) => (
  <ul class="products">
    {products.map(({ id, name, price, tags }) => (
      <li key={id} data-id={id} hidden={price > 100}>
        {name}: {Money.format(price, currency)}
        {tags.length > 0 && <em>{tags.join(", ")}</em>}
      </li>
    ))}
    <>
      <li>{products.length} products</li>
    </>
  </ul>
);
