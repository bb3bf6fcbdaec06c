export const commands: { name: string; key: string; order: number }[] = [];

export function Command(order: number): MethodDecorator {
  return (target, key) => {
    commands.push({ name: target.constructor.name, key: String(key), order });
    commands.sort((left, right) => left.order - right.order);
  };
}
