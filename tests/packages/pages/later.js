export function later(name) {
  const element = document.createElement("p");
  element.id = "later";
  element.textContent = `${name} later`;
  document.body.append(element);
}
export const unused = () => later("never taken");
