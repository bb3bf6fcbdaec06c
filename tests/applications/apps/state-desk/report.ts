import { addBusinessDays, compareAsc, differenceInCalendarDays, formatDistanceStrict, intlFormatDistance, parseISO, type Locale } from "date-fns";
import { format } from "date-fns/format";
import type { Ticket } from "./state/ticket";

const LOCALES = {
  en: async () => (await import("date-fns/locale/en-GB")).enGB,
  "zh-TW": async () => (await import("date-fns/locale/zh-TW")).zhTW,
  de: () => import("date-fns/locale").then(({ de }) => de),
} satisfies Record<string, () => Promise<Locale>>;

const TODAY = parseISO("2026-02-28T12:00:00");

export async function report(tickets: Ticket[], name: keyof typeof LOCALES): Promise<string> {
  const locale = await LOCALES[name]();
  return tickets
    .map(({ title, due }) => ({ title, day: parseISO(due) }))
    .sort((left, right) => compareAsc(left.day, right.day))
    .map(({ title, day }) => {
      const distance = formatDistanceStrict(day, TODAY, { addSuffix: true, locale, roundingMethod: "floor" });
      return `${title}: ${format(addBusinessDays(day, 1), "EEEE do MMMM yyyy", { locale })}, ${distance}, ${differenceInCalendarDays(day, TODAY)}`;
    })
    .concat(intlFormatDistance(TODAY, parseISO("2026-03-02"), { locale: name }))
    .join("\n");
}
