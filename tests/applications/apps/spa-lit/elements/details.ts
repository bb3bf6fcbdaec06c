import { LitElement, svg, html } from "lit";
import { customElement, property } from "lit/decorators.js";

@customElement("task-details")
export class TaskDetails extends LitElement {
  @property({ converter: (text) => Number(text) * 2 }) accessor count = 0;

  // Without a shadow root, so that the element shows in the page.
  protected createRenderRoot() {
    return this;
  }

  render() {
    return html`<svg viewBox="0 0 ${this.count} 1">${svg`<rect width=${this.count} />`}</svg>`;
  }
}
