import { of, map, filter, lastValueFrom, toArray, interval, take } from "rxjs";
lastValueFrom(of(1, 2, 3).pipe(filter((x) => x > 1), map((x) => x * 2), toArray())).then(console.log);
