import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { classMap } from "lit/directives/class-map.js";
import { repeat } from "lit/directives/repeat.js";
import { when } from "lit/directives/when.js";
import { Announces } from "./announces.js";
import { shared } from "./styles.js";

interface Task {
  text: string;
  done: boolean;
}

@customElement("task-list")
export class TaskList extends Announces(LitElement) {
  static override styles = [shared, css`li.done { text-decoration: line-through }`];

  @property() heading = "";
  @property({ type: Number, reflect: true }) max = 10;
  @state() private tasks: Task[] = [];
  @query("ul") readonly list!: HTMLUListElement | null;
  @state() protected hasDetails = false;

  add(...texts: string[]): void {
    this.tasks = [...this.tasks, ...texts.map((text) => ({ text, done: false }))];
  }

  toggle(at: number): void {
    this.tasks = this.tasks.map((task, index) => (index === at ? { ...task, done: !task.done } : task));
  }

  async showDetails(): Promise<void> {
    await import("./details.js");
    this.hasDetails = true;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if ((changed as Map<PropertyKey, unknown>).has("tasks")) this.announce(this.tasks.map(({ text, done }) => (done ? text.toUpperCase() : text)));
  }

  override render() {
    const shown = this.tasks.slice(0, this.max);
    return html`
      <h1 title=${this.heading}>${this.heading}</h1>
      <ul>
        ${repeat(shown, ({ text }) => text, ({ text, done }, at) => html`<li class=${classMap({ done })} ?hidden=${at > 5} .value=${at}>${text}</li>`)}
      </ul>
      ${when(this.tasks.length > this.max, () => html`<p>${this.tasks.length - this.max} more</p>`, () => nothing)}
      ${this.hasDetails ? html`<task-details count=${shown.length}></task-details>` : null}
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "task-list": TaskList;
  }
}
