import en from "./texts/en.json" with { type: "json" };
import zhTW from "./texts/zh-TW.json" with { type: "json" };

const TEXTS = { en, "zh-TW": zhTW };

export const translate = {
  install(app, { locale }) {
    app.config.globalProperties.$t = (key, values = {}) =>
      (TEXTS[locale][key] ?? TEXTS.en[key]).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  },
};
