import { container, injectable } from "tsyringe";
// The service imports this file, too: each is loaded while the other is not finished.
import { BookingService } from "./service.js";

@injectable()
export class Journal {
  readonly lines: string[] = [];

  note(line: string): void {
    this.lines.push(`${line} (${container.isRegistered(BookingService, true)})`);
  }
}
