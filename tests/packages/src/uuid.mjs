import { v5, validate, v4 } from "uuid";
console.log(v5("x", v5.URL), validate(v4()));
