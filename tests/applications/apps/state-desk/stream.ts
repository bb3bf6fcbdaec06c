import { EMPTY, catchError, concatMap, filter, from, lastValueFrom, map, mergeMap, of, retry, scan, Subject, takeUntil, tap, throwError, timer, toArray, zip } from "rxjs";
import { TestScheduler } from "rxjs/testing";

export async function ticks(words: string[]): Promise<unknown> {
  let attempts = 0;
  const done = new Subject<void>();
  const values = from(words).pipe(
    filter(Boolean),
    concatMap((word) => (word === "fail" && attempts++ < 1 ? throwError(() => new Error(word)) : of(word))),
    retry({ count: 1 }),
    scan((all, word) => all + word, ""),
    tap((text) => text.length > 20 && done.next()),
    takeUntil(done),
    mergeMap((text) => (text.length % 2 ? zip(of(text), timer(0)).pipe(map(([one]) => one.length)) : of(text))),
    catchError(() => EMPTY),
    toArray(),
  );
  const marbles: unknown[] = [];
  new TestScheduler((actual, expected) => marbles.push(actual.length, expected.length)).run(({ cold, expectObservable }) => {
    expectObservable(cold("-a-b|").pipe(map((letter) => letter.toUpperCase()))).toBe("-A-B|");
  });
  return [await lastValueFrom(values), marbles];
}
