export interface Statement {
  text: string;
  parameters: readonly unknown[];
}

abstract class Named {
  constructor(protected readonly name: string) {}
  protected abstract lines(): Iterable<string>;

  print(this: Named): void {
    for (const line of this.lines()) console.log(`${this.name}: ${line}`);
  }
}

export class Recorder<T extends Statement> extends Named {
  private statements: T[] = [];
  declare readonly unused: never;

  record = (statement: T): void => void this.statements.push(statement);

  protected override *lines() {
    for (const { text, parameters } of this.statements) yield `${text} ${JSON.stringify(parameters)}`;
  }
}
