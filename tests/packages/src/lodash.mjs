import _ from "lodash";
import groupBy from "lodash/groupBy.js";
console.log(_.chunk([1, 2, 3], 2), groupBy([1.2, 1.3, 2], Math.floor), _.template("hi <%= x %>")({ x: 1 }));
