import * as d3 from "d3";
console.log(d3.scaleLinear([0, 10], [0, 100])(5), d3.format(",.2f")(1234.5), d3.csvParse("a,b\n1,2")[0]);
