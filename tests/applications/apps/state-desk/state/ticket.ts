export interface Ticket {
  readonly id: number;
  title: string;
  owner: string;
  due: string;
  closed?: boolean;
}
