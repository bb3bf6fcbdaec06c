import { format, addDays } from "date-fns";
import { zhTW } from "date-fns/locale";
console.log(format(addDays(new Date(2026, 0, 1), 3), "PPPP", { locale: zhTW }));
