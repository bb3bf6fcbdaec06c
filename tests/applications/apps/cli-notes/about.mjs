import about from "./about.json" with { type: "json" };

export const { version } = about;
export default about;
