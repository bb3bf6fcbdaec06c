import pg from "pg";
console.log(typeof pg.Client, pg.types.getTypeParser(23)("42"), new pg.Client({ host: "x" }).host, pg.escapeLiteral?.("a'b"));
