import { z } from "zod";
const S = z.object({ a: z.string().email(), b: z.number().int().optional() });
console.log(S.safeParse({ a: "x" }).error.issues[0].code, S.parse({ a: "a@b.co", b: 1 }));
