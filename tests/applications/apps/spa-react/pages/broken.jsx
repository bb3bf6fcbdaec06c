export default function Broken() {
  throw new Error("broken on purpose");
}
