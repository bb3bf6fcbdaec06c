import { css, unsafeCSS } from "lit";

export enum Colour {
  Text = "teal",
}
export const shared = css`:host { color: ${unsafeCSS(Colour.Text)}; content: "\\2713" }`;
